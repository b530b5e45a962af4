# Reads what objdump -h -p prints about a program for Windows, and prints a module definition of its exports. Variables, which are
# in sections without code, are marked with DATA.
# SPDX-License-Identifier: MIT
function number(hex,   value, i) {
  for (i = 1; i <= length(hex); i++) value = 16 * value + index("123456789abcdef", substr(hex, i, 1))
  return value
}
function is_code(at,   i) {
  for (i = 1; i <= sections; i++) if (code[i] && at >= start[i] && at < start[i] + size[i]) return 1
  return 0
}
$1 == "ImageBase" { base = number($2) }
$1 == "Name" && NF == 3 { name = $3 }
/^Export Address Table/ { table = "addresses" }
/^\[Ordinal\/Name Pointer\] Table/ { table = "names" }
/^$/ { table = "" }
table && /^\t\[/ {
  match($0, /[0-9]+\]/)
  ordinal = substr($0, RSTART, RLENGTH - 1)
  if (table == "addresses") address[ordinal] = number($(NF - 2))
  else { symbol[++symbols] = $NF; place[symbols] = address[ordinal] }
}
# a line such as: 0 .text 0060e8ec 0000000140001000 0000000140001000 00000400 2**4
NF == 7 && $7 ~ /^2\*\*/ { size[++sections] = number($3); start[sections] = number($4) - base }
/^ +CONTENTS, .*CODE/ { code[sections] = 1 }
END {
  if (!symbols) {
    print "objdump lists no symbols that the server exports" >"/dev/stderr"
    exit 1
  }
  printf "LIBRARY \"%s\"\nEXPORTS\n", name
  for (i = 1; i <= symbols; i++) print "  " symbol[i] (is_code(place[i]) ? "" : " DATA")
}
