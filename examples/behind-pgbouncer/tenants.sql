-- A schema for each tenant, with the same tables in it.
CREATE SCHEMA red;
CREATE TABLE red.notes (text text NOT NULL);
INSERT INTO red.notes VALUES ('a note of red');
CREATE SCHEMA blue;
CREATE TABLE blue.notes (text text NOT NULL);
INSERT INTO blue.notes VALUES ('a note of blue');
