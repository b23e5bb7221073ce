"""The pipeline: parameters, the stages, and the scripts that run one."""
