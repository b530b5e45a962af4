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

/** The pages show the results that are committed. */
class GeneratedPagesTest {
  private static final Path ROOT = Path.of("..");

  @Test
  void showTheCommittedResults() throws IOException {
    // what ./dev generate sets
    boolean refresh = Boolean.getBoolean("pghello.generate");
    var results =
        new MarkdownTables(
            Report.fromJson(Files.readString(ROOT.resolve("benchmarks/results.json"))));
    List<String> shown = new ArrayList<>();
    for (Path page : pages()) {
      String text = Files.readString(page);
      if (MarkdownTables.count(text) == 0) {
        continue;
      }
      shown.add(ROOT.relativize(page).toString());
      String filled = results.fill(text);
      if (refresh) {
        Files.writeString(page, filled);
      } else {
        assertThat(text)
            .as("run ./dev generate, which brings the results in %s up to date", page)
            .isEqualTo(filled);
      }
    }
    assertThat(shown)
        .containsExactlyInAnyOrder(
            "README.md",
            "docs/benchmarks.md",
            "docs/hibernate.md",
            "docs/jooq.md",
            "docs/load.md",
            "docs/testkit.md");
  }

  /** So that it needs no build. */
  @Test
  void keepTheHelpOfBench() throws IOException {
    Path file = ROOT.resolve("benchmarks/help.txt");
    var out = new ByteArrayOutputStream();
    PrintStream stream = new PrintStream(out, true, StandardCharsets.UTF_8);
    assertThat(Bench.run(new String[] {"--help"}, stream, stream, false)).isZero();
    String help = out.toString(StandardCharsets.UTF_8);
    if (Boolean.getBoolean("pghello.generate")) {
      Files.writeString(file, help);
    }
    assertThat(file)
        .as("run ./dev generate, which brings %s up to date", file)
        .content()
        .isEqualTo(help);
  }

  private static List<Path> pages() throws IOException {
    try (Stream<Path> docs = Files.list(ROOT.resolve("docs"))) {
      return Stream.concat(Stream.of(ROOT.resolve("README.md")), docs).toList();
    }
  }
}
