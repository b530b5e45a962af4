// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toList;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The table of parameters in the page is up to date; {@code -Dpg-hello.generate=true} writes it.
 */
class GeneratedPagesTest {
  private static final Path PAGE = Path.of("..", "..", "docs", "pghello.md");
  private static final Pattern TABLE =
      Pattern.compile("(?<=<!-- parameters -->\n).*?(?=<!-- end -->)", Pattern.DOTALL);

  @Test
  void listsParameters() throws IOException {
    String page = Files.readString(PAGE);
    String generated = TABLE.matcher(page).replaceFirst(Matcher.quoteReplacement(table()));
    if (Boolean.getBoolean("pg-hello.generate")) {
      Files.writeString(PAGE, generated);
    } else {
      assertThat(page).as("%s: run ./dev generate to update it", PAGE).isEqualTo(generated);
    }
    assertThat(generated.lines())
        .filteredOn(
            line -> line.startsWith("| `sslmode` | `PGSSLMODE` | used: the default is `prefer`"))
        .hasSize(1);
  }

  @Test
  void parametersAreSorted() {
    List<String> keywords =
        Parameter.ALL.stream().map(Parameter::keyword).filter(Objects::nonNull).toList();
    assertThat(keywords).doesNotHaveDuplicates().isSorted();
    List<String> variables =
        Parameter.ALL.stream()
            .filter(each -> each.keyword() == null)
            .map(Parameter::variable)
            .toList();
    assertThat(variables).doesNotHaveDuplicates().isSorted();
  }

  /** Parameters with the same effect share a line. */
  private static String table() {
    var table =
        new StringBuilder("| parameter | variable | effect in `pghello` |\n|---|---|---|\n");
    var lines =
        Parameter.ALL.stream()
            .collect(groupingBy(GeneratedPagesTest::effect, LinkedHashMap::new, toList()));
    lines.forEach(
        (effect, parameters) ->
            table
                .append("| ")
                .append(names(parameters, Parameter::keyword))
                .append(" | ")
                .append(names(parameters, Parameter::variable))
                .append(" | ")
                .append(effect)
                .append(" |\n"));
    return table.toString();
  }

  private static String names(
      List<Parameter> parameters, Function<Parameter, @Nullable String> name) {
    return parameters.stream()
        .map(name)
        .filter(Objects::nonNull)
        .map(each -> "`" + each + "`")
        .collect(joining(", "));
  }

  private static String effect(Parameter parameter) {
    String use = parameter.use().name().toLowerCase(Locale.ROOT);
    var accepted = new ArrayList<>(parameter.harmless());
    accepted.remove("");
    accepted.sort(Comparator.naturalOrder());
    return use
        + ": "
        + parameter.note()
        + (accepted.isEmpty()
            ? ""
            : accepted.stream().collect(joining("`, `", "; accepted: `", "`")));
  }
}
