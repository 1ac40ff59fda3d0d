"""The rooms that dbt builds: staging, rules, settlement and the tables to publish."""
