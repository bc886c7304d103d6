"""Text search in lists: which columns are looked at, and the index that finds a rare term among millions of rows.
Indexes by a person's address are here, too, since they need the same trust.

A row's texts are cut into all their pieces of three letters (`search_grams`), each under a few digits of the tenant (or
of the person whose rows they are), in a GIN index; a term is found where all its pieces are (`search_terms`), and the texts themselves decide. Letters of
any script count, and so do signs; a term of one or two letters is looked up as the beginning of a piece.

Row-level security lets an index answer only through functions that the database trusts not to leak. Only a superuser
may say so of a function, `trust_search` does where it can; elsewhere searches work and read the tenant's rows.
See docs/adr/0014-search-beside-isolation.md.
"""

from hashlib import md5
from typing import TYPE_CHECKING, Any
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import (
    ColumnElement,
    Connection,
    Index,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY, array
from sqlalchemy.ext.asyncio import AsyncSession

if TYPE_CHECKING:
    from libs.common.runtime.context import ServiceContext

# Texts beyond this are not cut into pieces: a search does not look there.
INDEXED_LETTERS = 20_000
# Stands for the tenant where a list is over all businesses.
EVERYWHERE = UUID(int=0)
_EVERYWHERE = f"'{EVERYWHERE}'::uuid"

_FUNCTIONS = (
    # Cutting costs about as much as reading a hundred rows, so the planner is told to keep it to the index.
    """
CREATE OR REPLACE FUNCTION "{schema}".search_grams(tenant uuid, texts text[]) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL UNSAFE COST 10000 AS $$
DECLARE
    letters text[] := string_to_array(left(lower(array_to_string(texts, E'\\n')), {letters}) || E'\\n\\n', NULL);
    owner text := right(tenant::text, 6);
    grams text[];
BEGIN
    FOR i IN 1 .. cardinality(letters) - 2 LOOP
        grams[i] := owner || letters[i] || letters[i + 1] || letters[i + 2];
    END LOOP;
    RETURN array_to_tsvector(grams);
END $$
""",
    # Sixteen pieces tell a long term well enough; more would only cost.
    """
CREATE OR REPLACE FUNCTION "{schema}".search_terms(tenant uuid, term text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE PARALLEL UNSAFE AS $$
DECLARE
    letters text := lower(term);
    owner text := right(tenant::text, 6);
    pieces text[];
BEGIN
    SELECT array_agg('''' || replace(replace(owner || substr(letters, i, 3), E'\\\\', E'\\\\\\\\'), '''', '''''') || ''''
                     || CASE WHEN length(letters) < 3 THEN ':*' ELSE '' END)
    INTO pieces
    FROM generate_series(1, greatest(1, length(letters) - 2), greatest(1, length(letters) / 16)) i;
    RETURN array_to_string(pieces, ' & ')::tsquery;
END $$
""",
)

# Of rows with lists of texts by name, each name and text as one piece, in the same kind of index.
_PAIRS = """
CREATE OR REPLACE FUNCTION "{schema}".search_pairs(tenant uuid, lists jsonb) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE COST 10000 AS $$
    SELECT array_to_tsvector(coalesce(
        array_agg(right(tenant::text, 6) || left(md5(list.key || E'\\n' || item.value), 16)), '{{}}'::text[]))
    FROM jsonb_each(CASE WHEN jsonb_typeof(lists) = 'object' THEN lists ELSE '{{}}' END) list,
        jsonb_array_elements_text(CASE WHEN jsonb_typeof(list.value) = 'array' THEN list.value ELSE '[]' END) item
$$
"""

# An address is the same in whatever case. In a language of its own, lest the planner looks into it: `lower` is not trusted.
_ADDRESS = """
CREATE OR REPLACE FUNCTION "{schema}".address_key(address text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$ BEGIN RETURN lower(address); END $$
"""

_TRUSTED = (
    "SELECT bool_and(proleakproof) FROM pg_proc WHERE oid IN (to_regprocedure(:grams), to_regprocedure(:pairs), "
    "to_regprocedure(:address), to_regprocedure('pg_catalog.ts_match_vq(tsvector,tsquery)'))"
)
_known: "WeakKeyDictionary[ServiceContext, bool]" = WeakKeyDictionary()


def search_functions(schema: str) -> list[str]:
    """The statements that make the functions of search in a schema."""
    return [statement.format(schema=schema, letters=INDEXED_LETTERS).strip() for statement in _FUNCTIONS]


def pairs_function(schema: str) -> str:
    """The statement that makes the function behind `pairs_index` in a schema."""
    return _PAIRS.format(schema=schema).strip()


def address_function(schema: str) -> str:
    """The statement that makes the function behind `person_index` in a schema."""
    return _ADDRESS.format(schema=schema).strip()


def address_key(table: Any, value: Any) -> ColumnElement[str]:
    """What two addresses have in common that differ in case; of a column of the table, or any text."""
    key: ColumnElement[str] = getattr(func, table.schema).address_key(value)
    return key


def person_indexes(schema: str, table: str, *users: str, address: str | None = None) -> tuple[Index, ...]:
    """The indexes by which rows about a person are found in all businesses: by accounts, and by an address."""
    found = [
        Index(f"ix_{table}_person_{column}", column, postgresql_where=text(f"{column} IS NOT NULL"))
        for column in users
    ]
    if address is not None:
        key: ColumnElement[str] = literal_column(f"{schema}.address_key({address})")
        found.append(Index(f"ix_{table}_address", key))
    return tuple(found)


def pairs_index(schema: str, table: str, column: str) -> Index:
    """The index behind filters by one of the texts that a JSON column lists under a name."""
    return Index(
        f"ix_{table}_{column}_pairs",
        literal_column(f"{schema}.search_pairs(tenant_id, {column})"),
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )


def paired(
    model: type[Any], column: str, wanted: dict[str, list[str]], tenant_id: UUID, *, hidden: bool
) -> ColumnElement[bool]:
    """What `pairs_index` knows of rows that have, under each name, one of its texts; `hidden` as in `indexed`."""
    owner = str(tenant_id)[-6:]
    pieces = [
        [owner + md5(f"{name}\n{value}".encode(), usedforsecurity=False).hexdigest()[:16] for value in values]
        for name, values in wanted.items()
    ]
    terms: Any = cast(" & ".join(f"({' | '.join(either)})" for either in pieces), TSQUERY)
    pairs = getattr(func, model.__table__.schema).search_pairs(model.tenant_id, getattr(model, column))
    return pairs.op("@@", is_comparison=True)(_hidden(terms) if hidden else terms)


def search_index(
    schema: str, table: str, *columns: str, owner: str = "tenant_id", everywhere: bool = False
) -> Index:
    """The index behind `q` on these columns.

    `owner` is the column that says whose rows are searched at a time; `everywhere` is for a list over all businesses.
    """
    whose = _EVERYWHERE if everywhere else owner
    return Index(
        f"ix_{table}_search",
        literal_column(f"{schema}.search_grams({whose}, ARRAY[{', '.join(columns)}])"),
        postgresql_using="gin",
        # New rows wait in a list that every search reads, so it must stay short.
        postgresql_with={"gin_pending_list_limit": "256"},
        info={"search": columns, "owner": None if everywhere else owner},
    )


def contains(columns: list[Any], term: str) -> ColumnElement[bool]:
    """That one of the columns contains the term, in whatever case."""
    pattern = "%" + term.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") + "%"
    return or_(*(column.ilike(pattern) for column in columns))


def indexed(
    model: type[Any], term: str, owner: UUID | None, *, hidden: bool = False
) -> ColumnElement[bool] | None:
    """What the search index knows of a term (more rows than contain it, never fewer); None without such an index.

    `owner` is whose rows are searched, by the column that the index names; None for those of all businesses.
    A `hidden` term is not known to the planner. It takes several pieces to be found together by chance alone, so it
    expects a row or two of any term, and would use no other index beside this one.
    """
    table = model.__table__
    found = next((index for index in table.indexes if "search" in index.info), None)
    if found is None or (owner is None and found.info["owner"] is not None):
        return None
    functions = getattr(func, table.schema)
    whose: Any = literal_column(_EVERYWHERE)
    if found.info["owner"] is None:
        owner = EVERYWHERE
    else:
        whose = getattr(model, found.info["owner"])
    grams = functions.search_grams(whose, array([getattr(model, name) for name in found.info["search"]]))
    terms: Any = functions.search_terms(literal(owner), term)
    return grams.op("@@", is_comparison=True)(_hidden(terms) if hidden else terms)


def _hidden(terms: Any) -> Any:
    return select(terms).scalar_subquery()


def trust_search(connection: Connection, schema: str) -> bool:
    """Let row-level security use the search indexes of a schema, where the role may say so; whether it does now."""
    made = [
        function
        for function in _functions(schema).values()
        if connection.scalar(text("SELECT to_regprocedure(:name) IS NOT NULL"), {"name": function})
    ]
    if not made:
        return True
    if connection.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")):
        for function in ("pg_catalog.ts_match_vq(tsvector, tsquery)", *made):
            connection.execute(text(f"ALTER FUNCTION {function} LEAKPROOF"))
    return bool(connection.scalar(text(_TRUSTED), _functions(schema)))


async def search_is_trusted(context: "ServiceContext", session: AsyncSession) -> bool:
    """Whether the search indexes of this service may answer; asked of the database once per process."""
    if context not in _known:
        _known[context] = bool(await session.scalar(text(_TRUSTED), _functions(context.service.name)))
    return _known[context]


def _functions(schema: str) -> dict[str, str]:
    return {
        "grams": f'"{schema}".search_grams(uuid, text[])',
        "pairs": f'"{schema}".search_pairs(uuid, jsonb)',
        "address": f'"{schema}".address_key(text)',
    }
