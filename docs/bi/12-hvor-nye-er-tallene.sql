-- Hvor nye er tallene, og hvilken udgivelse er det?
select
    publication.publication_no as udgivelse,
    publication.as_of_date as data_til_og_med,
    publication.published_at as udgivet_utc,
    publication.snapshot_id as oejebliksbillede,
    label.label_da as kilde,
    max(delivery.extracted_on) as nyeste_udtraek,
    max(delivery.covers_to) as daekker_til_og_med
from mart.publication
inner join mart.delivery on delivery.is_accepted
inner join mart.label on label.domain = 'source' and delivery.source = label.code
where delivery.extracted_on <= publication.as_of_date
group by all
order by kilde
