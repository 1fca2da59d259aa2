"""Any settings of the prompts, tried on days that were recorded. Pure."""
