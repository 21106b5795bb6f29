-- A flag has no time of its own: the change that first brought it gives the time. Of a check-in the
-- scanned barcode tells more.
with attendee as (
    {{ raw_current('eventbrite', 'attendee') }}
),

attendee_history as (
    {{ raw_history('eventbrite', 'attendee') }}
),

orders as (
    select * from {{ ref('base_eventbrite__orders') }}
),

first_seen as (
    select
        id as attendee_id,
        max(gross) as gross_minor,
        min(case when cancelled or refunded then changed end) as cancelled_at,
        min(case when refunded then changed end) as refunded_at,
        min(case when checked_in then changed end) as checked_in_at
    from attendee_history
    group by id
),

tickets as (
    select
        order_id,
        count(*) as ticket_count
    from attendee
    group by order_id
),

named as (
    select
        id as attendee_id,
        -- Tickets whose attendee is not told yet carry these words instead of a name.
        nullif(nullif(trim(name), 'Info Requested Info Requested'), '') as full_name,
        nullif(nullif(trim(first_name), 'Info Requested'), '') as first_name,
        nullif(nullif(trim(last_name), 'Info Requested'), '') as last_name,
        nullif(replace({{ json_array_lookup('barcodes', 'status', 'used', 'changed') }}, 'Z', ''), '') as scanned_at
    from attendee
)

select
    attendee.id as attendee_id,
    {{ dbt.concat(["'attendee-'", 'attendee.id']) }} as record_id,
    attendee.order_id,
    attendee.event_id,
    orders.email_key as registrant_email_key,
    named.full_name,
    named.first_name,
    named.last_name,
    coalesce(attendee.email, case when tickets.ticket_count = 1 then orders.email end) as email,
    coalesce(attendee.email_key, case when tickets.ticket_count = 1 then orders.email_key end) as email_key,
    attendee.phone_e164,
    upper(attendee.currency) as currency_code,
    coalesce(first_seen.gross_minor, 0) as gross_minor,
    coalesce(attendee.cancelled, false) or coalesce(attendee.refunded, false) as is_cancelled,
    coalesce(attendee.refunded, false) as is_refunded,
    coalesce(attendee.checked_in, false) as is_checked_in,
    attendee.created as registered_at,
    attendee.changed as updated_at,
    first_seen.cancelled_at,
    first_seen.refunded_at,
    coalesce(cast(named.scanned_at as timestamp), first_seen.checked_in_at) as checked_in_at,
    attendee._first_known_at as known_at
from attendee
inner join orders on attendee.order_id = orders.order_id
inner join named on attendee.id = named.attendee_id
inner join first_seen on attendee.id = first_seen.attendee_id
inner join tickets on attendee.order_id = tickets.order_id
where lower(coalesce(attendee.status, '')) <> 'deleted'
