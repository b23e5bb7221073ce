"""`report.html`: what a test part shows of a model, as one page that a person can look at."""
