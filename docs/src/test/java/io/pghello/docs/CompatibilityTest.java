// SPDX-License-Identifier: MIT
package io.pghello.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The table of platforms in docs/compatibility.md must contain the checks that
 * scripts/ci/platforms.txt lists. {@code -Dpg-hello.generate=true} writes the table.
 */
class CompatibilityTest {
  private static final Path PAGE = Tree.ROOT.resolve("docs/compatibility.md");
  private static final Pattern TABLE =
      Pattern.compile("(?<=<!-- platforms -->\\n).*?(?=<!-- end -->\\n)", Pattern.DOTALL);

  /** The platforms, with their titles in the table. */
  private static final Map<String, String> PLATFORMS = new LinkedHashMap<>();

  static {
    PLATFORMS.put("linux-amd64", "Linux amd64");
    PLATFORMS.put("linux-arm64", "Linux arm64");
    PLATFORMS.put("linux-amd64-musl", "Alpine amd64");
    PLATFORMS.put("linux-arm64-musl", "Alpine arm64");
    PLATFORMS.put("darwin-arm64", "macOS arm64");
    PLATFORMS.put("darwin-amd64", "macOS amd64");
    PLATFORMS.put("windows-amd64", "Windows amd64");
  }

  private record Check(String artifact, String result, List<String> platforms, String command) {}

  @Test
  void theTableOfPlatformsContainsTheChecks() throws IOException {
    String text = Files.readString(PAGE);
    String generated = TABLE.matcher(text).replaceFirst(Matcher.quoteReplacement(table(checks())));
    assertThat(generated).contains("| embedded server for tests | run |");
    if (Boolean.getBoolean("pg-hello.generate")) {
      Files.writeString(PAGE, generated);
    } else {
      assertThat(text).as("./dev generate refreshes the table").isEqualTo(generated);
    }
  }

  /** A check that no test run contains could fail unnoticed. */
  @Test
  void testRunsContainEachCheck() throws IOException {
    String steps = "";
    for (String file : List.of("test-all.sh", "test-long.sh")) {
      steps += Files.readString(Tree.ROOT.resolve("scripts/ci/" + file));
    }
    String modules =
        Tree.files("(?:.*/)?pom\\.xml").stream()
            .map(CompatibilityTest::read)
            .collect(Collectors.joining());
    for (Check check : checks()) {
      assertThat(check.result()).isIn("run", "emulated", "simulated", "compiled");
      assertThat(check.platforms()).isNotEmpty().isSubsetOf(PLATFORMS.keySet());
      String[] words = check.command().split(" ");
      if (check.command().startsWith("./dev test --")) {
        assertThat(words[2]).isIn("--all", "--long");
      } else if (check.command().startsWith("./dev test ")) {
        // --all runs the tests of all modules
        for (String module : List.of(words).subList(2, words.length)) {
          assertThat(modules).contains("<artifactId>" + module + "</artifactId>");
        }
      } else if (check.command().startsWith("./dev native ")) {
        assertThat(steps)
            .contains("native.sh\" " + check.command().substring("./dev native ".length()));
      } else {
        assertThat(Tree.ROOT.resolve(words[0])).isExecutable();
        assertThat(steps).contains(words[0]);
        if (check.command().contains("PLATFORM")) {
          assertThat(steps).contains(check.platforms());
        }
      }
    }
  }

  private static List<Check> checks() throws IOException {
    var checks = new ArrayList<Check>();
    for (String line : Files.readAllLines(Tree.ROOT.resolve("scripts/ci/platforms.txt"))) {
      if (!line.isBlank() && !line.startsWith("#")) {
        String[] fields = line.split(" \\| ");
        assertThat(fields).as(line).hasSize(4);
        checks.add(new Check(fields[0], fields[1], List.of(fields[2].split(" ")), fields[3]));
      }
    }
    return checks;
  }

  private static String table(List<Check> checks) {
    var table = new StringBuilder("| |");
    PLATFORMS.values().forEach(title -> table.append(" ").append(title).append(" |"));
    table.append("\n|---").append("|---".repeat(PLATFORMS.size())).append("|\n");
    Set<String> artifacts =
        checks.stream().map(Check::artifact).collect(Collectors.toCollection(LinkedHashSet::new));
    for (String artifact : artifacts) {
      table.append("| ").append(artifact).append(" |");
      for (String platform : PLATFORMS.keySet()) {
        table
            .append(' ')
            .append(
                checks.stream()
                    .filter(check -> check.artifact().equals(artifact))
                    .filter(check -> check.platforms().contains(platform))
                    .map(Check::result)
                    .collect(Collectors.joining(", ")))
            .append(" |");
      }
      table.append('\n');
    }
    return table.toString().replace("|  |", "| – |").replace("|  |", "| – |");
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
