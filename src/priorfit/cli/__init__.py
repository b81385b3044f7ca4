"""The command line: parse, read, fit, report, exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from priorfit._errors import InputError, NotConvergedError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 certified, 1 bad input (one line on stderr), 2 not converged, 130 and 141
    where Ctrl-C or the reader of a pipe ended it."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser().parse_args(given)
    options.arguments = given
    from priorfit.cli import commands

    try:
        code = int(getattr(commands, options.command)(options))
        sys.stdout.flush()
        return code
    except (InputError, NotConvergedError) as error:
        print(f"priorfit: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        got = f"{error.filename!r}: {str(error.strerror).lower()}"
        print(f"priorfit: the file must be reachable; got {got}. Check the path.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("priorfit: interrupted", file=sys.stderr)
        return 130


class _Parser(argparse.ArgumentParser):
    """Wrong usage is bad input: exit code 1."""

    def error(self, message: str) -> None:  # type: ignore[override]
        print(f"priorfit: {message}. See priorfit --help.", file=sys.stderr)
        raise SystemExit(1)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="priorfit", description="Regularization is a prior.")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    _add_fit(commands.add_parser("fit", help="fit a table, choose the strength, write a report"))
    predict = commands.add_parser("predict", help="predict new rows with a model file")
    predict.add_argument("model", help="JSON written by priorfit fit --json")
    predict.add_argument("table", help="CSV, TSV, Parquet or Arrow file")
    predict.add_argument("--output", help="write a CSV file instead of standard output")
    data = commands.add_parser("data", help="write a bundled table to a CSV file")
    data.add_argument("name", help="diabetes, breast_cancer, khan or nci60")
    data.add_argument("output", nargs="?", help="file to write (default: NAME.csv)")
    _add_translate(
        commands.add_parser("translate", help="say a strength in another library's settings")
    )
    atlas = commands.add_parser("atlas", help="which algorithms L1 and L2 fit")
    atlas.add_argument("search", nargs="?", help="keep rows that hold this text")
    bench = commands.add_parser("bench", help="race against the solvers installed here")
    bench.add_argument("--cases", nargs="*", help="words that a case's name must hold")
    bench.add_argument("--repeats", type=int, default=3)
    bench.add_argument("--limit", type=float, default=20.0, help="CPU seconds a solver may take")
    bench.add_argument("--json", help="file to write, one record per line")
    explore = commands.add_parser("explore", help="open pages that show why, and your own table")
    explore.add_argument("--port", type=int, default=0, help="default: a free one")
    explore.add_argument(
        "--host", metavar="ADDRESS", default="", help="be seen there; with --token"
    )
    explore.add_argument("--token", metavar="WORD", default="", help="opens the pages at --host")
    explore.add_argument("--export", metavar="FOLDER", help="write the pages as files instead")
    explore.add_argument("--no-browser", action="store_true", help="print the link only")
    return parser


def _add_translate(translate: argparse.ArgumentParser) -> None:
    translate.add_argument(
        "what",
        nargs="?",
        help="a prior (laplace:scale=0.1) or a setting (sklearn.Lasso:alpha=0.1)",
    )
    translate.add_argument(
        "--to", default="prior", help="sklearn.Lasso, glmnet, ... or prior (default)"
    )
    translate.add_argument("--likelihood", help="gaussian, bernoulli, poisson, cox, ...")
    translate.add_argument("--n", type=float, metavar="N", help="number of rows")
    translate.add_argument("--noise", type=float, metavar="SD", help="sd of the gaussian noise")
    translate.add_argument("--dispersion", type=float, metavar="PHI", help="of gamma, Tweedie")
    translate.add_argument("--x-scale", metavar="SD,...", help="sd of each column (1/n)")
    translate.add_argument("--y-scale", type=float, metavar="SD", help="sd of the target (1/n)")
    translate.add_argument("--weights", type=float, metavar="SUM", help="sum of the row weights")
    translate.add_argument(
        "--list", nargs="?", const="", metavar="TEXT", help="show the dictionary, or its rows of"
    )
    translate.add_argument("--json", action="store_true", help="settings as JSON")


_TARGET = "column to predict, or a formula: 'y ~ log(a) + C(b):c'"
_DROP = "column to leave out (repeatable)"


def _add_fit(fit: argparse.ArgumentParser) -> None:
    fit.add_argument("table", help="CSV, TSV, Parquet or Arrow file (.gz, .bz2, .zst too)")
    fit.add_argument("--target", metavar="COLUMN", help=_TARGET)
    fit.add_argument("--time", metavar="COLUMN", help="time until an event: a Cox regression")
    fit.add_argument("--event", metavar="COLUMN", help="whether the event happened: 1 or 0")
    fit.add_argument("--entry", metavar="COLUMN", help="when a row came under observation")
    fit.add_argument("--strata", metavar="COLUMN", help="groups with hazards of their own")
    fit.add_argument(
        "--likelihood",
        metavar="NAME",
        help="how the target scatters: gaussian (default), bernoulli or multinomial (default for "
        "text: as many classes as there are), poisson, "
        "gamma, tweedie:power=1.5, negative-binomial, huber, squared-hinge, bernoulli:link=probit",
    )
    fit.add_argument(
        "--prior", default="laplace", help="family:key=value,... for example laplace:scale=0.1"
    )
    fit.add_argument(
        "--strength",
        help="cv, evidence, loo, aic, bic, ebic, gcv, sure, stability, universal, posterior, or a "
        "lambda; default: cv unless the prior has a scale",
    )
    fit.add_argument("--rule", choices=("1se", "best"), default="1se", help="point on the curve")
    fit.add_argument(
        "--l1-ratio", metavar="A,B,...", help="shares of l1 in an elastic net to choose from"
    )
    fit.add_argument(
        "--scoring", metavar="NAME", help="scikit-learn's scorer in place of the deviance"
    )
    fit.add_argument("--groups", metavar="COLUMN", help="rows of one group are in the same fold")
    fit.add_argument("--folds", type=int, default=5, metavar="K", help="of cross-validation (5)")
    fit.add_argument("--seed", type=int, default=0, metavar="N", help="shuffling of the folds")
    fit.add_argument(
        "--threads", type=int, default=1, metavar="N", help="folds or columns at a time"
    )
    fit.add_argument("--weights", metavar="COLUMN", help="column of row weights (repeats)")
    fit.add_argument("--offset", metavar="COLUMN", help="column of a known part of the predictor")
    fit.add_argument("--drop", action="append", default=[], metavar="COLUMN", help=_DROP)
    fit.add_argument(
        "--missing",
        choices=("error", "mean", "indicator"),
        default="error",
        help="refuse gaps (default), fill them with the mean, or mark them too",
    )
    fit.add_argument(
        "--units",
        choices=("raw", "sd"),
        default="raw",
        help="a scale given holds per unit (default) or per standard deviation of the column",
    )
    fit.add_argument(
        "--tol", type=float, default=1e-6, metavar="GAP", help="relative gap to reach (1e-6)"
    )
    fit.add_argument(
        "--posterior",
        type=int,
        nargs="?",
        const=1000,
        metavar="DRAWS",
        help="sample the posterior too, four chains of DRAWS (1000), and show intervals",
    )
    fit.add_argument("--report", metavar="FILE", help="HTML report to write")
    fit.add_argument("--json", metavar="FILE", help="model file to write")
    fit.add_argument("--quiet", action="store_true", help="no table on the terminal")
