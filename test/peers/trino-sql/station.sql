-- What a breeding station might keep: seed in store, and the treatment of each plot.
CREATE TABLE seed_lots (germplasm text PRIMARY KEY, lot text NOT NULL, kg_in_store double precision NOT NULL);
INSERT INTO seed_lots SELECT 'CL-' || lpad(n::text, 3, '0'), 'lot-' || n, n * 2.5 FROM generate_series(1, 20) AS n;
CREATE TABLE treatments (plot_id text PRIMARY KEY, nitrogen_kg_ha integer NOT NULL);
