// SPDX-License-Identifier: MIT
package io.pghello.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The workflows must run only actions pinned to a commit, and builds must not have access to the
 * release key.
 */
class WorkflowsTest {
  private static final String PINNED =
      "(?:\\./\\.github/workflows/\\S+|[\\w./-]+@[0-9a-f]{40} # v[0-9.]+)";

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
