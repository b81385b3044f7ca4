# cv.glmnet (Debian's r-cran-glmnet), ten folds of the rows in order: CPU seconds.
# Arguments: a folder with X and y as raw doubles, rows, columns, smallest share, family, thresh.
suppressMessages(library(glmnet))
given <- commandArgs(trailingOnly = TRUE)
n <- as.integer(given[2])
p <- as.integer(given[3])
X <- matrix(readBin(file.path(given[1], "X.raw"), "double", n * p), n, p)
y <- readBin(file.path(given[1], "y.raw"), "double", n)
fold <- rep(1:10, each = ceiling(n / 10))[1:n]
start <- proc.time()
invisible(cv.glmnet(X, y, family = given[5], foldid = fold, nlambda = 100,
                    lambda.min.ratio = as.double(given[4]), thresh = as.double(given[6])))
cat(sum((proc.time() - start)[1:2]))
