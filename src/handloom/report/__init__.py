"""`report.html`: what a test set shows of a model, as one page that a person can look at."""
