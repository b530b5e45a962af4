// SPDX-License-Identifier: MIT
package io.pghello;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Makes calls while libfaketime sets the clock of the client's machine back and forth. */
@Tag("slow")
@PgHelloTest
@Timeout(150)
class SetClockIT {
  @TempDir private Path folder;

  @Test
  void noCallNoticesIt(TestDatabase database) throws Exception {
    Optional<Path> library = library();
    assumeTrue(library.isPresent(), "there is no libfaketime");
    Path file = Files.writeString(folder.resolve("clock"), "+0");
    var builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            SetClock.class.getName(),
            database.jdbcUrl(),
            file.toString());
    builder.environment().put("LD_PRELOAD", library.get().toString());
    builder.environment().put("FAKETIME_TIMESTAMP_FILE", file.toString());
    builder.environment().put("FAKETIME_NO_CACHE", "1");
    builder.environment().put("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    // otherwise, timed waits of the JVM end immediately
    builder.environment().put("FAKETIME_FORCE_MONOTONIC_FIX", "0");
    Process process = builder.inheritIO().start();
    try {
      assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isZero();
    } finally {
      process.destroyForcibly();
    }
  }

  /**
   * Returns the library from the package faketime. Debian and Ubuntu install it in a directory for
   * the machine's architecture.
   */
  static Optional<Path> library() throws IOException {
    Path root = Path.of("/usr/lib");
    if (!Files.isDirectory(root)) {
      return Optional.empty();
    }
    try (Stream<Path> folders = Files.list(root)) {
      return folders
          .map(one -> one.resolve("faketime/libfaketimeMT.so.1"))
          .filter(Files::exists)
          .findFirst();
    }
  }
}
