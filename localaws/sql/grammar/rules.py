"""The grammar of the statements that run here: Athena's queries, DML and CREATE TABLE AS.

Written as `name = ...`, from the syntax that Trino's documentation and parser define. UPPER case
is a keyword, 'x' a sign, <x> a kind of token, [x] may be missing, {x} comes any number of times,
!x and &x look ahead without taking anything, begins(x) is &x of the first token alone, `list(x)`
is x, x, ... The first alternative that fits
is taken, so the longer stands before the shorter. Operators are not ranked: this says what is a
statement, not what it means.

An error stands at the first token that nothing can continue with. Trino's parser has two habits
more: of `weak(x)` the first token is at fault whatever follows it (`x in 1`: the word IN), except
inside of `open(x)`, which it reads ahead to tell what x is.

Two kinds of <word> tell what sqlglot may make of it: <name> is nothing but a name; <type> names a
type, which sqlglot knows.
"""

GRAMMAR = """
statement = (insert | delete | update | merge | create_table_as | query) <end>
insert = INSERT INTO qualified [aliases] query
delete = DELETE FROM qualified [WHERE expression]
update = UPDATE qualified SET list(assignment) [WHERE expression]
assignment = <name> '=' expression
merge = MERGE INTO qualified [[AS] <name>] USING relation ON expression merge_case {merge_case}
merge_case = WHEN
    ( MATCHED [AND expression] THEN (UPDATE SET list(assignment) | DELETE)
    | NOT MATCHED [AND expression] THEN INSERT [aliases] VALUES '(' list(expression) ')'
    )
create_table_as = CREATE [OR REPLACE] TABLE [IF NOT EXISTS] qualified [aliases] [COMMENT string]
    [WITH '(' list(property) ')'] AS
    (query [with_data] &<end> | '(' query ')' [with_data])
with_data = WITH [NO] DATA
property = <name> '=' (DEFAULT &(',' | ')') | expression)

query = [WITH [RECURSIVE] list(named_query)] query_body
named_query = <name> [aliases] AS '(' query ')'
query_body = query_term {(UNION | EXCEPT | INTERSECT) [quantifier] query_term}
    [ORDER BY list(sort_item)] [OFFSET row_count [ROW | ROWS]]
    [ LIMIT (ALL | row_count)
    | FETCH (FIRST | NEXT) [row_count] (ROW | ROWS) (ONLY | WITH TIES)
    ]
query_term = select | TABLE qualified | VALUES list(expression) | '(' query_body ')'
select = SELECT (quantifier list(select_item) | list(select_item))
    [FROM list(relation)] [WHERE expression] [GROUP BY group_by] [HAVING expression]
    [WINDOW list(window_definition)]
row_count = <integer> | '?'
quantifier = DISTINCT | ALL
select_item = '*' | open(primary '.' '*') [AS aliases] | expression [AS <name> | !clause <name>]
sort_item = expression [ASC | DESC] [NULLS (FIRST | LAST)]
group_by = quantifier list(grouping_element) | list(grouping_element)
grouping_element = GROUPING SETS '(' list(grouping_set) ')'
    | (ROLLUP | CUBE) '(' [list(grouping_set)] ')' | grouping_set
grouping_set = '(' ')' | expression
window_definition = <name> AS '(' window

relation = sampled {join}
join = CROSS JOIN sampled | NATURAL [join_type] JOIN sampled
    | [join_type] JOIN relation (ON expression | USING aliases)
join_type = INNER | (LEFT | RIGHT | FULL) [OUTER]
sampled = matched [TABLESAMPLE (BERNOULLI | SYSTEM) '(' expression ')']
matched = relation_primary [alias] [MATCH_RECOGNIZE '(' match_recognize ')' [alias]]
alias = (AS <name> | !clause <name>) [aliases]
aliases = '(' list(<name>) ')'
clause = LIMIT (ALL | row_count) | OFFSET row_count | FETCH (FIRST | NEXT) | WINDOW <name> AS '('
    | TABLESAMPLE (BERNOULLI | SYSTEM) | MATCH_RECOGNIZE '(' match_recognize
relation_primary = '(' (query ')' | relation ')')
    | UNNEST '(' list(expression) ')' [weak(WITH ORDINALITY)]
    | LATERAL '(' query ')'
    | TABLE '(' table_function ')'
    | JSON_TABLE '(' json_table ')'
    | qualified [FOR (TIMESTAMP | VERSION) AS OF value]
table_function = qualified '(' [list(table_argument)] [COPARTITION list(copartition)] ')'
table_argument = [<name> '=>'] (table_input | descriptor | expression)
table_input = TABLE '(' (qualified ')' | query ')')
    [(AS | !(PARTITION BY | (PRUNE | KEEP) WHEN)) <name> [aliases]]
    [PARTITION BY ('(' [list(expression)] ')' | expression)] [(PRUNE | KEEP) WHEN EMPTY]
    [ORDER BY ('(' list(sort_item) ')' | sort_item)]
descriptor = DESCRIPTOR '(' list(descriptor_field) ')' | CAST '(' NULL AS DESCRIPTOR ')'
descriptor_field = <name> [type]
copartition = '(' qualified ',' list(qualified) ')'

expression = {NOT} predicated {(AND | OR) {NOT} predicated}
predicated = value [predicate]
predicate = ('=' | '<>' | '!=' | '<' | '<=' | '>' | '>=')
        ((ALL | SOME | ANY) weak('(' query ')') | value)
    | IS [NOT] (NULL | DISTINCT FROM value)
    | weak(in) | [NOT] (BETWEEN value AND value | LIKE value [ESCAPE value]) | NOT in
in = IN '(' (query ')' | list(expression) ')')
value = {'+' | '-'} primary
    {('+' | '-' | '*' | '/' | '%' | '||') {'+' | '-'} primary | AT TIME ZONE (interval | string)}
primary = base {weak('.' <name>) | '[' value ']'}
base = <integer> | <decimal> | <double> | string | <binary> | '?' | NULL | TRUE | FALSE
    | '(' (query ')' | [list(<name>)] ')' '->' expression
        | open(expression) {',' expression} ')')
    | CASE [expression] WHEN expression THEN expression {WHEN expression THEN expression}
        [ELSE expression] END
    | (CAST | TRY_CAST) '(' expression AS type ')'
    | EXISTS '(' query ')'
    | ARRAY '[' [list(expression)] ']'
    | EXTRACT '(' <name> FROM value ')'
    | TRIM '(' trim_arguments ')'
    | SUBSTRING '(' value FROM value [FOR value] ')'
    | POSITION '(' value IN value ')'
    | NORMALIZE '(' value [',' (NFD | NFC | NFKD | NFKC)] ')'
    | GROUPING '(' [list(qualified)] ')'
    | LISTAGG '(' [quantifier] expression [',' string] [ON OVERFLOW overflow] ')'
        WITHIN GROUP '(' ORDER BY list(sort_item) ')' [filter]
    | json_function
    | CURRENT_DATE | CURRENT_USER | CURRENT_CATALOG | CURRENT_SCHEMA | CURRENT_PATH
    | (CURRENT_TIME | CURRENT_TIMESTAMP | LOCALTIME | LOCALTIMESTAMP) ['(' <integer> ')']
    | interval
    | DOUBLE PRECISION string
    | <type> string
    | ROW '(' list(expression) ')' !after_call
    | (RUNNING | FINAL) call
    | <name> ('->' expression | over)
    | call
    | <name>
after_call = OVER ('(' | <name>) | FILTER '('
call = <name> {weak('.' <name>)} weak('(' begins(arguments)) arguments [filter]
    [[(IGNORE | RESPECT) NULLS] over]
arguments = [<name> '.'] '*' ')'
    | [quantifier list(expression) | list(expression)] [ORDER BY list(sort_item)] ')'
trim_arguments = (LEADING | TRAILING | BOTH) [value] FROM value
    | FROM value | value [(FROM | ',') value]
filter = FILTER '(' WHERE expression ')'
over = OVER ('(' window | !clause <name>)
window = window_parts ')' | <name> window_parts ')'
window_parts = [PARTITION BY list(expression)] [ORDER BY list(sort_item)] [frame]
frame = [MEASURES list(measure)] frame_unit (BETWEEN frame_bound AND frame_bound | frame_bound)
    [AFTER MATCH skip_to] [INITIAL | SEEK] [PATTERN '(' pattern ')'] [SUBSET list(subset)]
    [DEFINE list(definition)]
frame_unit = RANGE | ROWS | GROUPS
frame_bound = UNBOUNDED (PRECEDING | FOLLOWING) | CURRENT ROW
    | expression (PRECEDING | FOLLOWING)
overflow = ERROR | TRUNCATE [string] (WITH | WITHOUT) COUNT
interval = INTERVAL ['+' | '-'] string interval_field [TO interval_field]
interval_field = YEAR | MONTH | DAY | HOUR | MINUTE | SECOND
string = <string> | <unicode> [UESCAPE <string>]
qualified = <name> {'.' <name>}

match_recognize = [PARTITION BY list(expression)] [ORDER BY list(sort_item)]
    [MEASURES list(measure)] [rows_per_match] [AFTER MATCH skip_to] [INITIAL | SEEK]
    PATTERN '(' pattern ')' [SUBSET list(subset)] DEFINE list(definition)
measure = expression AS <name>
rows_per_match = ONE ROW PER MATCH
    | ALL ROWS PER MATCH [(SHOW | OMIT) EMPTY MATCHES | WITH UNMATCHED ROWS]
skip_to = SKIP (TO NEXT ROW | PAST LAST ROW | TO (FIRST | LAST) <name> | TO <name>)
subset = <name> '=' aliases
definition = <name> AS expression
pattern = pattern_terms {'|' pattern_terms}
pattern_terms = pattern_term {pattern_term}
pattern_term = (PERMUTE '(' list(pattern) ')' | <name> | '(' [pattern] ')' | '^' | '$'
    | '{-' pattern '-}') [('*' | '+' | '?' | '{' [<integer>] [',' [<integer>]] '}') ['?']]

json_function = JSON_EXISTS '(' json_path [(TRUE | FALSE | UNKNOWN | ERROR) ON ERROR] ')'
    | JSON_VALUE '(' json_path [RETURNING type] json_value_behaviours ')'
    | JSON_QUERY '(' json_path [json_returning] json_query_behaviours ')'
    | JSON_OBJECT '(' [!RETURNING list(json_member) [json_null]
        [(WITH | WITHOUT) UNIQUE [KEYS]]] [json_returning] ')'
    | JSON_ARRAY '(' [!RETURNING list(json_input) [json_null]] [json_returning] ')'
json_path = json_input ',' string [AS <name>] [PASSING list(json_argument)]
json_input = expression [FORMAT json_format]
json_argument = json_input AS <name>
json_format = JSON [ENCODING (UTF8 | UTF16 | UTF32)]
json_returning = RETURNING type [FORMAT json_format]
json_null = (NULL | ABSENT) ON NULL
json_member = KEY expression VALUE json_input | expression (VALUE | ':') json_input
json_value_behaviours = [json_value_behaviour ON EMPTY] [json_value_behaviour ON ERROR]
json_value_behaviour = ERROR | NULL | DEFAULT expression
json_query_behaviours = [(WITHOUT [ARRAY] | WITH [CONDITIONAL | UNCONDITIONAL] [ARRAY]) WRAPPER]
    [(KEEP | OMIT) QUOTES [ON SCALAR STRING]]
    [json_query_behaviour ON EMPTY] [json_query_behaviour ON ERROR]
json_query_behaviour = ERROR | NULL | EMPTY (ARRAY | OBJECT)
json_table = json_path COLUMNS '(' list(json_column) ')'
    [PLAN ('(' json_plan ')' | DEFAULT '(' json_default_plan ')')] [(ERROR | EMPTY) ON ERROR]
json_column = NESTED [PATH] string [AS <name>] COLUMNS '(' list(json_column) ')'
    | <name> FOR ORDINALITY
    | <name> type (FORMAT json_format [PATH string] json_query_behaviours
        | [PATH string] json_value_behaviours)
json_plan = json_plan_part [(OUTER | INNER) json_plan_part
    | UNION json_plan_part {UNION json_plan_part} | CROSS json_plan_part {CROSS json_plan_part}]
json_plan_part = <name> | '(' json_plan ')'
json_default_plan = (OUTER | INNER) [',' (UNION | CROSS)] | (UNION | CROSS) [',' (OUTER | INNER)]

type = plain_type {ARRAY ['[' <integer> ']']}
plain_type = ROW '(' list(row_field) ')'
    | INTERVAL interval_field [TO interval_field]
    | (TIMESTAMP | TIME) ['(' type_parameter ')'] [(WITH | WITHOUT) TIME ZONE]
    | DOUBLE PRECISION
    | ARRAY '<' type '>'
    | MAP '<' type ',' type '>'
    | <type> ['(' list(type_parameter) ')']
row_field = type &(',' | ')') | <name> type
type_parameter = <integer> | type
"""
