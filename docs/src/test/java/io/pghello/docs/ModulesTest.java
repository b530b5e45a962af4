// SPDX-License-Identifier: MIT
package io.pghello.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Shows that artifacts use only the public API of each other, and compare their versions. Packages
 * named {@code internal} may change in any release.
 */
class ModulesTest {
  private static final Pattern COMMENT = Pattern.compile("(?s)/\\*.*?\\*/|//[^\\n]*");
  private static final Pattern INTERNAL =
      Pattern.compile("\\bio\\.pghello\\.(?:[a-z]+\\.)*?internal\\b");

  private static final Pattern IMPORT =
      Pattern.compile("import (?:static )?(io\\.pghello\\.(?:[a-z]+\\.)*[A-Z]\\w*)");
  private static final Pattern COMPARISON =
      Pattern.compile("ArtifactVersions\\.requireSame\\(\\s*(\\w+)\\.class,");

  @Test
  void artifactsUseThePublicApiOfOtherArtifactsOnly() throws IOException {
    List<Path> sources = Tree.files("(?:.*/)?src/main/java/.*\\.java");
    var owners = new TreeMap<String, Set<String>>();
    for (Path source : sources) {
      for (String name : internalPackages(packageOf(source))) {
        owners.computeIfAbsent(name, unused -> new TreeSet<>()).add(moduleOf(source));
      }
    }
    assertThat(owners)
        .containsKeys("io.pghello.hibernate.internal", "io.pghello.extension.batching.internal");
    var used = new TreeMap<String, Set<String>>();
    for (Path source : sources) {
      String module = moduleOf(source);
      String code = COMMENT.matcher(Files.readString(source)).replaceAll("");
      for (String name : internalPackages(code)) {
        if (!owners.getOrDefault(name, Set.of()).contains(module)) {
          used.computeIfAbsent(module, unused -> new TreeSet<>()).add(name);
        }
      }
    }
    assertThat(used)
        .as("modules, and the internal packages of other modules that they use")
        .isEmpty();
  }

  @Test
  void artifactsThatCallOtherArtifactsCompareVersions() throws IOException {
    List<Path> sources = Tree.files("(?:any-extension|pg-hello)[^.]*/src/main/java/.*\\.java");
    var owners = new TreeMap<String, String>();
    for (Path source : sources) {
      owners.put(packageOf(source).replace(".java", ""), moduleOf(source));
    }
    var callers = new TreeSet<String>();
    var comparing = new TreeSet<String>();
    for (Path source : sources) {
      String module = moduleOf(source);
      String code = COMMENT.matcher(Files.readString(source)).replaceAll("");
      // annotations have no code that could compare versions
      if (!code.contains("@interface ")
          && IMPORT
              .matcher(code)
              .results()
              .anyMatch(type -> !owners.getOrDefault(type.group(1), module).equals(module))) {
        callers.add(module);
      }
      if (COMPARISON
          .matcher(code)
          .results()
          .anyMatch(own -> source.endsWith(own.group(1) + ".java"))) {
        comparing.add(module);
      }
    }
    // Maven reads the versions of a plugin's dependencies from the plugin's POM only
    assertThat(callers.remove("any-extension/maven-plugin")).isTrue();
    // a user's project
    assertThat(
            callers.remove("any-extension/archetype/src/main/resources/archetype-resources/client"))
        .isTrue();
    // not published
    assertThat(callers.remove("any-extension/batching-stress")).isTrue();
    assertThat(comparing).isEqualTo(callers);
  }

  /**
   * The testkit cannot use the class of the binding, because the binding's tests use the testkit.
   */
  @Test
  void bothClassesThatCompareVersionsHaveTheSameCode() throws IOException {
    var codes = new TreeMap<String, String>();
    for (Path source : Tree.files("(?:.*/)?ArtifactVersions\\.java")) {
      String code = COMMENT.matcher(Files.readString(source)).replaceAll("");
      codes.put(moduleOf(source), code.substring(code.indexOf("import ")));
    }
    assertThat(codes).containsOnlyKeys("any-extension/binding", "any-extension/testkit");
    assertThat(codes.get("any-extension/testkit")).isEqualTo(codes.get("any-extension/binding"));
  }

  private static List<String> internalPackages(String code) {
    return INTERNAL.matcher(code).results().map(MatchResult::group).distinct().toList();
  }

  private static String packageOf(Path source) {
    String path = Tree.ROOT.relativize(source).toString().replace('\\', '/');
    return path.substring(path.indexOf("src/main/java/") + "src/main/java/".length())
        .replace('/', '.');
  }

  private static String moduleOf(Path source) {
    String path = Tree.ROOT.relativize(source).toString().replace('\\', '/');
    return path.substring(0, path.indexOf("/src/main/java/"));
  }
}
