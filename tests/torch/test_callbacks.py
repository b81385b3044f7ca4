"""Beliefs in the training loops of Lightning and transformers, where these are installed."""

import logging
import warnings

import pytest

import priorfit as pf

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

T = pf.torch


def table():
    torch.manual_seed(0)
    x = torch.randn(128, 12)
    return x, (x[:, 0] > 0).long()


def groups_of(model):
    return T.prior_groups(model, pf.Laplace(scale=0.3), n=128)


def test_lightning(tmp_path):
    """The callback attaches to the optimizer, follows its plan and leaves exact zeros held."""
    pytest.importorskip("lightning")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lightning.pytorch as lightning

        class Net(lightning.LightningModule):
            def __init__(self):
                super().__init__()
                self.net = nn.Linear(12, 2)

            def training_step(self, rows, _):
                return nn.functional.cross_entropy(self.net(rows[0]), rows[1])

            def configure_optimizers(self):
                return torch.optim.AdamW(groups_of(self), lr=0.02)

        logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
        model, callback = Net(), T.lightning_callback(plan=lambda n: T.Plan(n, ramp=0.0))
        rows = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*table()), batch_size=16)
        trainer = lightning.Trainer(
            max_epochs=12, callbacks=[callback], logger=False, accelerator="cpu",
            enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
            default_root_dir=tmp_path,
        )  # fmt: skip
        trainer.fit(model, rows)
    assert callback.handles[0].optimizer.param_groups[0]["plan"]["steps"] == 96
    assert callback.handles[0].optimizer.param_groups[0]["prior_frozen"]
    assert 0.2 < callback.handles[0].sparsity() < 1
    assert bool((model.net.weight == 0).any())


def test_transformers(tmp_path, monkeypatch):
    """The same in a Trainer, whose accelerator wraps the optimizer."""
    pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import transformers
        from transformers import trainer as trainers

        # the folder of tests about data sets is no package `datasets`
        monkeypatch.setattr(trainers, "is_datasets_available", lambda: False)

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = nn.Linear(12, 2)

            def forward(self, x, labels):
                out = self.net(x)
                return {"loss": nn.functional.cross_entropy(out, labels), "logits": out}

        model, callback = Net(), T.trainer_callback()
        optimizer = torch.optim.AdamW(groups_of(model), lr=0.02)
        rows = [{"x": a, "labels": b} for a, b in zip(*table(), strict=True)]
        arguments = transformers.TrainingArguments(
            output_dir=str(tmp_path), num_train_epochs=6, per_device_train_batch_size=16,
            report_to=[], save_strategy="no", use_cpu=True, disable_tqdm=True,
            logging_strategy="no",
        )  # fmt: skip
        trainer = transformers.Trainer(
            model, arguments, train_dataset=rows, callbacks=[callback],
            optimizers=(optimizer, torch.optim.lr_scheduler.ConstantLR(optimizer, 1.0)),
        )  # fmt: skip
        trainer.train()
    assert callback.handles[0].optimizer is optimizer
    assert 0.2 < callback.handles[0].sparsity() < 1


def test_missing_package_is_named(monkeypatch):
    """Without the package the error says what to install."""
    monkeypatch.setitem(__import__("sys").modules, "lightning.pytorch", None)
    with pytest.raises(pf.InputError, match="pip install lightning"):
        T.lightning_callback()
