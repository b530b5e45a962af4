// SPDX-License-Identifier: MIT
package io.pghello;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Checks that this project's SQL uses no name that another role could redefine: the server's
 * functions, types, tables and operators are qualified with their schema. This matters for
 * connections that the application creates. The program pghello is not checked, because it sets the
 * search path when it connects.
 */
class SqlTextsTest {
  private static final List<String> MODULES =
      List.of(
          "any-extension/batching",
          "any-extension/binding",
          "any-extension/testkit",
          "pg-hello-core",
          "pg-hello-hibernate",
          "pg-hello-jooq",
          "tools/mcp",
          "tools/plugin",
          "pg-hello-spring-boot-starter",
          "pg-hello-testkit");

  // texts that look like the beginning of a statement, or of a part of one
  private static final Pattern SQL =
      Pattern.compile("(?is)^\\s*\\(?(select|with|insert|delete|case|copy)\\s.*");
  private static final Pattern LITERALS =
      Pattern.compile(
          "(?s)(?:\"\"\".*?\"\"\"|\"(?:[^\"\\\\\\n]|\\\\.)*\")"
              + "(?:\\s*\\+\\s*(?:\"\"\".*?\"\"\"|\"(?:[^\"\\\\\\n]|\\\\.)*\"))*");
  private static final Pattern QUOTES = Pattern.compile("\"\"\"|(?<!\\\\)\"\\s*\\+\\s*\"|^\"|\"$");

  private static final String KEYWORDS =
      "all|and|any|array|as|case|cast|coalesce|exists|extract|filter|from|greatest|in|join|lateral|least|not"
          + "|nullif|operator|or|ordinality|over|row|select|then|values|where|with";

  /** The patterns of unqualified names, by the kind of name. */
  private static final Map<String, Pattern> UNQUALIFIED =
      Map.of(
          "function",
          // except for the names of tables in a query that are followed by their columns
          Pattern.compile(
              "(?i)(?<![\\w.\"]|\\) |as |recursive )(?!(?:"
                  + KEYWORDS
                  + ")\\b)[a-z_]\\w*(?=\\s*\\()"),
          "type",
          Pattern.compile("::\\s*(?!pg_catalog\\.)\\w+|(?i)cast\\(\\? as text"),
          "operator",
          Pattern.compile(
              "(?i)(?<![<>=|~!])(?:=|<>|<=?|>=?|\\|\\||!?~)(?![<>=|~])|\\b(?:i?like|in \\()"),
          "table",
          Pattern.compile("\\b(?:FROM|JOIN|from|join)\\s+(?!pg_catalog\\.)pg_\\w+"));

  // texts that are not SQL, or that the user must qualify
  private static final Set<String> ALLOWED = Set.of();

  @Test
  void areQualified() throws IOException {
    var wrong = new ArrayList<String>();
    var seen = 0;
    for (String module : MODULES) {
      Path main = Path.of("..", module, "src/main");
      try (Stream<Path> files = Files.walk(main)) {
        for (Path file :
            files.filter(path -> path.toString().matches(".*\\.(java|sql)")).toList()) {
          String text = Files.readString(file);
          for (String sql : file.toString().endsWith(".sql") ? List.of(text) : texts(text)) {
            seen++;
            for (String name : unqualified(sql)) {
              if (!ALLOWED.contains(sql.strip())) {
                wrong.add(file.getFileName() + ": " + name + " in: " + sql.strip());
              }
            }
          }
        }
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(seen).as("texts that were found").isGreaterThan(30);
  }

  @Test
  void anErrorIsSeen() {
    assertThat(texts("String sql = \"SELECT \" + \"now()\"; /* x */ f(\"Select one\");"))
        .containsExactly("SELECT now()", "Select one");
    assertThat(unqualified("SELECT pg_catalog.now() FROM pg_catalog.pg_class c WHERE EXISTS (a)"))
        .isEmpty();
    assertThat(unqualified("SELECT a OPERATOR(pg_catalog.=) 'b = now()' AND c.d"))
        .as("quoted text is a value")
        .isEmpty();
    assertThat(unqualified("SELECT now()")).containsExactly("function now");
    assertThat(unqualified("SELECT pg_catalog.now()::text")).containsExactly("type ::text");
    assertThat(unqualified("SELECT a FROM b WHERE a = 1")).containsExactly("operator =");
    assertThat(unqualified("SELECT a FROM b WHERE a IN (1)")).containsExactly("operator IN (");
    assertThat(unqualified("SELECT a || b FROM c")).containsExactly("operator ||");
    assertThat(unqualified("SELECT 1 FROM pg_class")).containsExactly("table FROM pg_class");
  }

  /** Returns the texts of a source that begin like SQL. */
  private static List<String> texts(String source) {
    return LITERALS
        .matcher(source.replaceAll("(?m)^\\s*(?:\\*|//|/\\*).*$", ""))
        .results()
        .map(MatchResult::group)
        .map(text -> QUOTES.matcher(text).replaceAll(""))
        .filter(text -> SQL.matcher(text).matches())
        .toList();
  }

  private static List<String> unqualified(String sql) {
    String names =
        sql.replaceAll("'(?:[^']|'')*'?", "?")
            .replaceAll("(?i)operator\\(pg_catalog\\.[^)]+\\)", ",");
    var found = new ArrayList<String>();
    UNQUALIFIED.forEach(
        (kind, pattern) -> {
          Matcher matcher = pattern.matcher(names);
          while (matcher.find()) {
            found.add(kind + " " + matcher.group());
          }
        });
    return found;
  }
}
