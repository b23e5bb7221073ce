"""The way through: parameters, the stages, and the scripts that run one."""
