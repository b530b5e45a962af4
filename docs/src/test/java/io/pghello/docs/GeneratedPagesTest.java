// SPDX-License-Identifier: MIT
package io.pghello.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Each snippet of a page must be the region of a tested file, with the imports that it needs and
 * that no snippet above it shows; a class has all of its imports. {@code -Dpg-hello.generate=true}
 * writes the snippets.
 */
class GeneratedPagesTest {
  private static final Pattern SNIPPET =
      Pattern.compile(
          "(?<=<!-- snippet: )(\\S+)#(\\S+)( -->\\n```(\\w+)\\n).*?(?=```)", Pattern.DOTALL);
  private static final Pattern IMPORT =
      Pattern.compile("^import (?:static )?[\\w.]+?\\.(\\w+);?$", Pattern.MULTILINE);
  private static final Pattern CLASS =
      Pattern.compile("^[\\w ]*\\b(?:class|record|interface|enum) \\w+", Pattern.MULTILINE);
  private static final Pattern INTEGRATION_TEST = Pattern.compile("\\bclass (\\w+)IT\\b");
  private static final Comparator<String> STATIC_FIRST =
      Comparator.comparing((String line) -> !line.startsWith("import static "))
          .thenComparing(Comparator.naturalOrder());
  private static final Pattern PACKAGE = Pattern.compile("^package (.+);$", Pattern.MULTILINE);

  @Test
  void snippetsAreTestedCodeWithItsImports() throws IOException {
    Set<String> published = published();
    int snippets = 0;
    for (Path page : Tree.files(".*\\.md")) {
      String text = Files.readString(page);
      var shown = new HashSet<String>();
      var generated = new StringBuilder();
      Matcher snippet = SNIPPET.matcher(text);
      int java = 0;
      for (; snippet.find(); snippets++) {
        Path source = Tree.ROOT.resolve(snippet.group(1));
        String code = region(source, snippet.group(2));
        String imports = "";
        boolean kotlin = snippet.group(1).endsWith(".kt");
        if (snippet.group(4).equals("java")) {
          java++;
        }
        if (kotlin || snippet.group(4).equals("java")) {
          code = named(code, Files.readString(source));
          // readers of snippets from the archetype have the complete files
          if (!snippet.group(1).contains("/archetype-resources/")) {
            // readers copy a class to a file of its own
            boolean isClass = CLASS.matcher(code).find();
            imports =
                imports(Files.readString(source), code, published, kotlin).stream()
                    .filter(line -> shown.add(line) || isClass)
                    .collect(Collectors.joining("\n"));
          }
        }
        snippet.appendReplacement(
            generated,
            Matcher.quoteReplacement(
                snippet.group(1)
                    + "#"
                    + snippet.group(2)
                    + snippet.group(3)
                    + imports
                    + (imports.isEmpty() ? "" : "\n\n")
                    + code));
      }
      snippet.appendTail(generated);
      if (Boolean.getBoolean("pg-hello.generate")) {
        Files.writeString(page, generated);
      } else {
        assertThat(text)
            .as("%s: ./dev generate refreshes it", page)
            .isEqualTo(generated.toString());
      }
      assertThat(java)
          .as("every Java snippet of %s names its region", page)
          .isEqualTo(text.split("```java", -1).length - 1);
    }
    assertThat(snippets).isGreaterThan(50);
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
    assertThat(imports(source, snippet, published, false))
        .containsExactly(
            "import static c.Asserts.same;", "import a.b.Near;", "import java.util.List;");
    String calls =
        """
        import a.await
        import a.unused
        """;
    assertThat(imports(calls, "call.await()", published, true)).containsExactly("import a.await");
    assertThat(imports(calls, "call.await()", published, false)).isEmpty();
    assertThat(imports(source, "import java.util.List;\n" + snippet, published, false)).isEmpty();
  }

  /**
   * Returns the imports that a snippet needs, static ones first. Snippets that contain imports are
   * complete.
   */
  private static Set<String> imports(
      String source, String snippet, Set<String> published, boolean kotlin) {
    var imports = new TreeSet<>(STATIC_FIRST);
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
        // a name before an equals sign is an element of an annotation, or a variable; in Kotlin,
        // a name after a dot can be an imported extension function
        Pattern.compile((kotlin ? "(?<!\\w)" : "(?<![.\\w])") + "\\w+\\b(?!\\s*=(?!=))")
            .matcher(code)
            .results()
            .map(MatchResult::group)
            .toList();
    used.stream().distinct().filter(known::containsKey).map(known::get).forEach(imports::add);
    return imports;
  }

  /** Names the integration tests of a source as readers name their tests, which Surefire runs. */
  private static String named(String code, String source) {
    String named = code;
    for (MatchResult type : INTEGRATION_TEST.matcher(source).results().toList()) {
      named = named.replaceAll("\\b" + type.group(1) + "IT\\b", type.group(1) + "Test");
    }
    return named;
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

  /**
   * Returns the lines between "region NAME" and "endregion", without their common indentation. In a
   * template of the archetype, "##" begins a comment that generated files do not contain. The name
   * "file" stands for the whole file, because the formatter deletes comments before its package.
   */
  private static String region(Path source, String name) throws IOException {
    if (name.equals("file")) {
      return Files.readString(source).replaceFirst("// SPDX-License-Identifier: .*\n", "");
    }
    var lines = new ArrayList<String>();
    boolean inside = false;
    for (String line : generated(source).lines().toList()) {
      String mark = line.strip().replaceAll("^(//|<!--|##?|--) | -->$", "");
      if (mark.equals("region " + name)) {
        inside = true;
      } else if (mark.equals("endregion") && inside) {
        break;
      } else if (inside) {
        lines.add(line);
      }
    }
    assertThat(lines).as("region %s of %s", name, source).isNotEmpty();
    return String.join("\n", lines).stripTrailing().stripIndent() + "\n";
  }

  /**
   * Returns the text of a file. A template of the archetype is returned as in the project that
   * docs/own-extension.md generates.
   */
  private static String generated(Path source) throws IOException {
    String text = Files.readString(source);
    return source.toString().contains("/archetype-resources/")
        ? text.replace("#[[", "")
            .replace("]]#", "")
            .replace("${extensionName}", "acme_geo")
            .replace(
                "${className.substring(0,1).toLowerCase()}${className.substring(1)}", "acmeGeo")
            .replace("${className}", "AcmeGeo")
            .replace("${package}", "org.acme.geo")
        : text;
  }
}
