// SPDX-License-Identifier: MIT
package io.pghello.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * The workflows must run only actions pinned to a commit, test existing modules on each system, and
 * keep the release key from builds.
 */
class WorkflowsTest {
  private static final String PINNED =
      "(?:\\./\\.github/workflows/\\S+|[\\w./-]+@[0-9a-f]{40} # v[0-9.]+)";

  private static final Pattern ARTIFACT = Pattern.compile("<artifactId>(pg-[\\w-]+)</artifactId>");
  private static final Pattern MODULE = Pattern.compile("[ ,]:(pg-[\\w-]+)");

  /** Actions must not be referenced by tag, because a tag can be moved. */
  @Test
  void pinsActionsByCommit() throws IOException {
    List<Path> workflows = Tree.files("\\.github/workflows/.*\\.yml");
    assertThat(workflows).isNotEmpty();
    for (Path workflow : workflows) {
      assertThat(Files.readAllLines(workflow))
          .filteredOn(line -> line.matches(" *(?:- )?uses: .*"))
          .as("%s", workflow)
          .isNotEmpty()
          .allMatch(line -> line.replaceFirst(" *(?:- )?uses: ", "").matches(PINNED));
    }
  }

  @Test
  void testsModulesOfTheTreeOnEachSystem() throws IOException {
    var modules = new TreeSet<String>();
    for (Path pom : Tree.files("(?:.*/)?pom\\.xml")) {
      // the first artifact ID in a file may be the parent's
      ARTIFACT.matcher(Files.readString(pom)).results().forEach(one -> modules.add(one.group(1)));
    }
    String ci = Files.readString(Tree.ROOT.resolve(".github/workflows/ci.yml"));
    assertThat(MODULE.matcher(ci).results().map(one -> one.group(1)).distinct())
        .contains("pg-extension-testkit", "pg-hello-testkit", "pg-hello-core")
        .isSubsetOf(modules);
    assertThat(ci).contains("- macos-15 #", "- macos-15-intel\n", "- windows-2025\n");
    String desktops = ci.substring(ci.indexOf("\n  desktops:"), ci.indexOf("\n  macos-installed:"));
    String macos = Files.readString(Tree.ROOT.resolve("scripts/macos.sh"));
    macos = macos.substring(macos.indexOf("TESTED='"), macos.indexOf("usage()"));
    assertThat(Pattern.compile("pg-[\\w-]+").matcher(macos).results().map(MatchResult::group))
        .containsExactlyElementsOf(
            MODULE.matcher(desktops).results().map(one -> one.group(1)).toList());
  }

  @Test
  void givesTheReleaseKeyToAReviewedJobThatBuildsNothing() throws IOException {
    String publish = Files.readString(Tree.ROOT.resolve(".github/workflows/publish.yml"));
    assertThat(publish.split("\n(?=  \\w+(?:-\\w+)*:\n)"))
        .filteredOn(job -> job.contains("secrets."))
        .singleElement()
        .asString()
        .startsWith("  sign:")
        .contains("    environment: release\n", "run: ./dev release --sign\n")
        .doesNotContain("--dry-run", "cache", "mvn", "write");
  }
}
