// SPDX-License-Identifier: MIT
package io.pghello;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Checks that the sources contain no code that pins a virtual thread to its carrier, or that
 * sleeps.
 */
class SourcesTest {
  private static final Pattern COMMENT_OR_STRING =
      Pattern.compile(
          "//[^\n]*|/\\*.*?\\*/|\"\"\".*?\"\"\"|\"(?:\\\\.|[^\"\\\\\n])*\"|'(?:\\\\.|[^'\\\\])+'",
          Pattern.DOTALL);
  private static final Pattern SYNCHRONIZED = Pattern.compile("\\bsynchronized\\b");
  private static final Pattern SLEEP = Pattern.compile("\\bsleep\\s*\\(|Thread\\s*::\\s*sleep\\b");

  @Test
  void synchronizeNothingAndSleepNowhere() throws IOException {
    var sources = new ArrayList<Path>();
    for (String module : List.of("any-extension/batching", "pg-hello-core")) {
      try (Stream<Path> files = Files.walk(Path.of("..", module, "src/main/java"))) {
        files.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
      }
    }
    assertThat(sources).hasSizeGreaterThan(40);
    for (Path source : sources) {
      String code = COMMENT_OR_STRING.matcher(Files.readString(source)).replaceAll("\"\"");
      assertThat(code).as("%s", source).doesNotContainPattern(SYNCHRONIZED);
      assertThat(code).as("%s", source).doesNotContainPattern(SLEEP);
    }
  }

  @Test
  void areSearchedWithoutCommentsAndStrings() {
    String code =
        "/* synchronized */ a(\"sleep(\"); // sleep(1)\nsynchronized (b) { Thread.sleep(1); }";
    String left = COMMENT_OR_STRING.matcher(code).replaceAll("\"\"");
    assertThat(left).isEqualTo("\"\" a(\"\"); \"\"\nsynchronized (b) { Thread.sleep(1); }");
    assertThat(left).containsPattern(SYNCHRONIZED).containsPattern(SLEEP);
  }
}
