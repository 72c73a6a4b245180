"""Parts from the field into silver and gold with Spark: see ../README.md."""
