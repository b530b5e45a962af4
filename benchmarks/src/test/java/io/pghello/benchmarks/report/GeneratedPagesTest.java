// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.benchmarks.Bench;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The pages must contain the committed results. */
class GeneratedPagesTest {
  private static final Path ROOT = Path.of("..");
  // set by ./dev generate
  private static final boolean REFRESH = Boolean.getBoolean("pg-hello.generate");

  @Test
  void showTheCommittedResults() throws IOException {
    var results = new MarkdownTables(results());
    List<String> shown = new ArrayList<>();
    for (Path page : pages()) {
      String text = Files.readString(page);
      if (MarkdownTables.count(text) > 0) {
        shown.add(ROOT.relativize(page).toString());
        assertGenerated(page, results.fill(text));
      }
    }
    assertThat(shown)
        .containsExactlyInAnyOrder("docs/pg-hello/benchmarks.md", "docs/pg-hello/load.md");
  }

  /** {@code ./dev} prints this text without a build. */
  @Test
  void keepTheHelpOfBench() throws IOException {
    var out = new ByteArrayOutputStream();
    PrintStream stream = new PrintStream(out, true, StandardCharsets.UTF_8);
    assertThat(Bench.run(new String[] {"--help"}, stream, stream, false)).isZero();
    assertGenerated(ROOT.resolve("benchmarks/help.txt"), out.toString(StandardCharsets.UTF_8));
  }

  private static void assertGenerated(Path file, String text) throws IOException {
    if (REFRESH) {
      Files.writeString(file, text);
    }
    assertThat(file)
        .as("run ./dev generate, which brings %s up to date", file)
        .content(StandardCharsets.UTF_8)
        .isEqualTo(text);
  }

  private static Report results() throws IOException {
    return Report.fromJson(Files.readString(ROOT.resolve("benchmarks/results.json")));
  }

  private static List<Path> pages() throws IOException {
    try (Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
      return Stream.concat(Stream.of(ROOT.resolve("README.md")), docs)
          .filter(page -> page.toString().endsWith(".md"))
          .toList();
    }
  }
}
