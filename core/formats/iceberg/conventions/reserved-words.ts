/**
 * Words that no engine takes as a plain name: a query would have to quote them, in a way that differs by engine.
 * @source Amazon Athena User Guide, "Escape reserved keywords in queries"; Trino documentation, "Reserved keywords"
 */
const athenaDdl = `all alter and array as authorization between bigint binary boolean both by case cashe cast char column conf
  constraint commit create cross cube current current_date current_timestamp cursor database date dayofweek decimal delete describe
  distinct div double drop else end exchange exists extended external extract false fetch float floor following for foreign from full
  function grant group grouping having if import in inner insert int integer intersect interval into is join lateral left less like
  local macro map more none not null numeric of on only or order out outer over partialscan partition percent preceding precision
  preserve primary procedure range reads reduce regexp references revoke right rlike rollback rollup row rows select set smallint
  start table tablesample then time timestamp to transform trigger true truncate unbounded union uniquejoin update user using
  utc_timestamp values varchar views when where window with`;

const trinoSelect = `alter and as between by case cast constraint create cross cube current_catalog current_date current_path
  current_role current_schema current_time current_timestamp current_user deallocate delete describe distinct drop else end escape
  except exists extract false for from full group grouping having in inner insert intersect into is join json_array json_exists
  json_object json_query json_table json_value left like listagg localtime localtimestamp natural normalize not null on or order
  outer prepare recursive right rollup select skip table then trim true uescape union unnest using values when where with`;

export const reservedWords: ReadonlySet<string> = new Set([...athenaDdl.split(/\s+/), ...trinoSelect.split(/\s+/)]);
