# Prints C source with comments blanked and string and character literals emptied, line by line, so that
# a search for a call finds calls alone. #include lines are kept as they are.
function blank_comment(line,    at) {
    at = index(line, "*/")
    if (at == 0)
        return ""
    in_comment = 0
    return substr(line, at + 2)
}
function skip_literal(line, quote,    i, c) {
    for (i = 1; i <= length(line); i++) {
        c = substr(line, i, 1)
        if (c == "\\")
            i++
        else if (c == quote)
            return substr(line, i + 1)
    }
    return ""
}
FNR == 1 { in_comment = 0 }
!in_comment && /^[ \t]*#[ \t]*include/ { print; next }
{
    rest = $0
    out = ""
    if (in_comment)
        rest = blank_comment(rest)
    while (!in_comment && match(rest, /\/\*|\/\/|["']/)) {
        out = out substr(rest, 1, RSTART - 1)
        token = substr(rest, RSTART, RLENGTH)
        rest = substr(rest, RSTART + RLENGTH)
        if (token == "//") {
            rest = ""
        } else if (token == "/*") {
            in_comment = 1
            out = out " "
            rest = blank_comment(rest)
        } else {
            out = out token token
            rest = skip_literal(rest, token)
        }
    }
    print in_comment ? out : out rest
}
