# ALL leukemia (Chiaretti et al. 2004), from Debian's r-bioc-all: B-cell samples with BCR/ABL
# against those without a known rearrangement, as raw doubles in the folder given.
folder <- commandArgs(trailingOnly = TRUE)[1]
suppressMessages(library(ALL))
data(ALL)
chosen <- grepl("^B", ALL$BT) & ALL$mol.biol %in% c("BCR/ABL", "NEG")
X <- t(Biobase::exprs(ALL))[chosen, ]
writeBin(as.double(dim(X)), file.path(folder, "leukemia.shape"))
writeBin(as.double(X), file.path(folder, "leukemia.X"))
writeBin(as.double(ALL$mol.biol[chosen] == "BCR/ABL"), file.path(folder, "leukemia.y"))
