-- Run once, by the PostgreSQL image on an empty volume: a role and a database for Roster, a role for Temporal, whose
-- schema job makes the databases `temporal` and `temporal_visibility`.
\getenv roster_password ROSTER_DB_PASSWORD
\getenv temporal_password TEMPORAL_DB_PASSWORD
create role roster login password :'roster_password';
create database roster owner roster;
create role temporal login createdb password :'temporal_password';
revoke connect on database roster from public;
