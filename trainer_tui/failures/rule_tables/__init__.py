"""The rules, one table a family; `rule_table` joins them in their order of precedence."""
