"""Everything that measures the product or makes worlds to measure it in; nothing in the product imports it."""
