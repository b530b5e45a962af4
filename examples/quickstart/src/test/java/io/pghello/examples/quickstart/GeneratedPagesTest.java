// SPDX-License-Identifier: MIT
package io.pghello.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Each page of the guide must end with the imports that its snippets need. {@code
 * -Dpg-hello.generate=true} writes these imports.
 */
class GeneratedPagesTest {
  private static final Pattern SNIPPET =
      Pattern.compile(
          // readers of snippets from the archetype have the complete files
          "<!-- snippet: ((?!\\S*/archetype-resources/)\\S+)#\\S+ -->\\n```java\\n(.*?)```",
          Pattern.DOTALL);
  private static final Pattern SECTION =
      Pattern.compile("\\n<!-- imports -->\\n.*?<!-- end -->\\n", Pattern.DOTALL);
  private static final Pattern IMPORT =
      Pattern.compile("^import (?:static )?[\\w.]+?\\.(\\w+);$", Pattern.MULTILINE);
  private static final Pattern PACKAGE = Pattern.compile("^package (.+);$", Pattern.MULTILINE);

  @Test
  void pagesEndWithTheImportsOfTheirSnippets() throws IOException {
    Set<String> published = published();
    int sections = 0;
    for (Path page : Tree.files("docs/[^/]*\\.md")) {
      String text = Files.readString(page);
      String body = SECTION.matcher(text).replaceAll("");
      NavigableSet<String> imports = new TreeSet<>();
      for (MatchResult snippet : SNIPPET.matcher(body).results().toList()) {
        imports.addAll(
            imports(
                Files.readString(Tree.ROOT.resolve(snippet.group(1))),
                snippet.group(2),
                published));
      }
      String generated = body + (imports.isEmpty() ? "" : section(imports));
      if (Boolean.getBoolean("pg-hello.generate")) {
        Files.writeString(page, generated);
      } else {
        assertThat(text).as("%s: ./dev generate refreshes it", page).isEqualTo(generated);
      }
      sections += imports.isEmpty() ? 0 : 1;
    }
    assertThat(sections).isGreaterThan(5);
  }

  @Test
  void findsImportsByTheSourceAndByItsPackage() {
    String source =
        """
        package a.b;

        import static c.Asserts.same;

        import java.util.List;
        import d.Unused;
        import io.pghello.Helper;
        """;
    String snippet =
        """
        List<Near> all = Near.List.of("Unused"); // Unused
        same(all, new Local(), new Helper());
        """;
    Set<String> published = Set.of("a.b.Near", "a.c.Local");
    assertThat(imports(source, snippet, published))
        .containsExactly(
            "import a.b.Near;", "import java.util.List;", "import static c.Asserts.same;");
    assertThat(imports(source, "import java.util.List;\n" + snippet, published)).isEmpty();
  }

  private static String section(NavigableSet<String> imports) {
    return "\n<!-- imports -->\n## Imports\n\nThe snippets on this page use these imports:\n\n```java\n"
        + String.join("\n", imports)
        + "\n```\n<!-- end -->\n";
  }

  /**
   * Returns the imports that a page needs. Skips snippets that contain imports, because they are
   * complete.
   */
  private static NavigableSet<String> imports(
      String source, String snippet, Set<String> published) {
    NavigableSet<String> imports = new TreeSet<>();
    if (IMPORT.matcher(snippet).find()) {
      return imports;
    }
    String code = snippet.replaceAll("\"\"\"(?s:.*?)\"\"\"|\"(?:\\\\.|[^\"\\\\])*\"|//.*", "");
    Map<String, String> known = new HashMap<>();
    Matcher ofSource = PACKAGE.matcher(source);
    String own = ofSource.find() ? ofSource.group(1) + "." : "";
    published.stream()
        .filter(name -> name.startsWith(own) && name.indexOf('.', own.length()) < 0)
        .forEach(name -> known.put(name.substring(own.length()), "import " + name + ";"));
    IMPORT
        .matcher(source)
        .results()
        .filter(line -> !line.group().contains(" io.pghello.") || isOf(published, line.group()))
        .forEach(line -> known.put(line.group(1), line.group()));
    List<String> used =
        Pattern.compile("(?<![.\\w])\\w+").matcher(code).results().map(MatchResult::group).toList();
    used.stream().distinct().filter(known::containsKey).map(known::get).forEach(imports::add);
    return imports;
  }

  private static boolean isOf(Set<String> published, String line) {
    String name = line.replaceAll(".* |;", "");
    return published.stream().anyMatch(type -> name.equals(type) || name.startsWith(type + "."));
  }

  /** Returns the names of the public classes of the artifacts. */
  private static Set<String> published() {
    return Tree.files("(?:pg-hello|any-extension/|tools/)[^/]*/src/main/java/io/pghello/.*\\.java")
        .stream()
        .map(Path::toString)
        .filter(file -> !file.contains("/internal/"))
        .map(file -> file.replaceAll(".*/src/main/java/|\\.java$", "").replace('/', '.'))
        .collect(Collectors.toSet());
  }
}
