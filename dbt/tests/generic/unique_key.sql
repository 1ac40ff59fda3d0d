{# Rows whose key stands more than once, or is null where only one of them may be. #}
{% test unique_key(model, columns) %}
select {{ columns | join(', ') }}, count(*) as rows_of_key
from {{ model }}
group by all
having count(*) > 1
{% endtest %}
