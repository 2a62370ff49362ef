"""A data set made of another one."""
