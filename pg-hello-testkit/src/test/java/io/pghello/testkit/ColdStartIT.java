// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Starts servers with an empty cache, so that the testkit has to unpack the server, and interrupts
 * such starts.
 */
class ColdStartIT {
  private static final long LIMIT_SECONDS = 300;
  private static final long POLL_MILLIS = 10;

  @TempDir private Path folder;

  @Test
  @Tag("slow")
  void startsAfterOneThatWasKilled() throws Exception {
    startsAfterKills(2);
  }

  @Test
  @Tag("long")
  void startsAfterAnyThatWasKilled() throws Exception {
    startsAfterKills(30);
  }

  private void startsAfterKills(int rounds) throws Exception {
    long whole = greetTwiceConcurrently();
    long seed = System.nanoTime();
    var random = new Random(seed);
    for (int round = 0; round < rounds; round++) {
      Path cache = folder.resolve("killed-" + round);
      kill(
          cache,
          (long) (whole * random.nextDouble()),
          random.nextBoolean() ? random.nextInt(500) : 0,
          round);
      try {
        greet(cache);
      } catch (AssertionError e) {
        throw new AssertionError("round " + round + " of seed " + seed, e);
      }
      delete(cache);
    }
  }

  /** Starts two JVMs with an empty cache. Returns the size of the cache afterwards. */
  private long greetTwiceConcurrently() throws Exception {
    Path cache = folder.resolve("twice");
    Process one = start(cache, folder.resolve("one.log"), List.of());
    Process other = start(cache, folder.resolve("other.log"), List.of());
    requireGreeting(one, folder.resolve("one.log"));
    requireGreeting(other, folder.resolve("other.log"));
    assertThat(unfinished(cache)).isZero();
    long bytes = size(cache);
    delete(cache);
    return bytes;
  }

  /**
   * Kills a start after it has written a number of bytes to the cache, or some time later, because
   * initdb does not write to the cache.
   */
  private void kill(Path cache, long bytes, long delayMillis, int round) throws Exception {
    Process jvm = start(cache, folder.resolve("killed.log"), List.of());
    while (size(cache) < bytes && !jvm.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
      // the process continues to write
    }
    jvm.waitFor(delayMillis, TimeUnit.MILLISECONDS);
    if (round % 2 == 0) {
      jvm.destroy();
    } else {
      jvm.destroyForcibly();
    }
    assertThat(jvm.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
  }

  private static long size(Path path) {
    File[] children = path.toFile().listFiles();
    if (children == null) {
      return path.toFile().length();
    }
    return Arrays.stream(children).mapToLong(child -> size(child.toPath())).sum();
  }

  private void greet(Path cache) throws Exception {
    Path log = folder.resolve("greeted.log");
    requireGreeting(start(cache, log, List.of()), log);
    assertThat(unfinished(cache)).isZero();
  }

  /** Writes are truncated, as on a full disk, and the error contains the directory. */
  @Tag("slow")
  @Test
  void startsWhenThereIsSpaceAgain() throws Exception {
    Path cache = folder.resolve("full");
    Path log = folder.resolve("full.log");
    // the limit is in blocks of 512 or 1,024 bytes, and smaller than the server's program
    Process full = start(cache, log, List.of("sh", "-c", "ulimit -f 4000 && exec \"$@\"", "sh"));
    assertThat(full.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(full.exitValue()).isEqualTo(1);
    assertThat(Files.readString(log))
        .contains("Could not create " + cache.resolve("server").resolve("postgresql-"))
        .contains("File too large");
    assertThat(unfinished(cache)).isZero();
    greet(cache);
    loseAProgram(cache);
    greet(cache);
    assertThat(Files.readString(folder.resolve("greeted.log")))
        .contains(" is damaged and will be created again: bin/postgres has changed.");
  }

  /** Removes a program from the cache, as a cleanup program or a crash of the machine could. */
  private static void loseAProgram(Path cache) throws IOException {
    try (var servers = Files.newDirectoryStream(cache.resolve("server"), "postgresql-*")) {
      Files.writeString(servers.iterator().next().resolve("bin/postgres"), "");
    }
  }

  private static Process start(Path cache, Path log, List<String> prefix) throws IOException {
    var command = new ArrayList<>(prefix);
    command.addAll(
        List.of(
            System.getProperty("java.home") + "/bin/java",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            Greeter.class.getName()));
    var builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().put("PG_EXTENSION_CACHE", cache.toString());
    return builder.start();
  }

  private static void requireGreeting(Process jvm, Path log) throws Exception {
    assertThat(jvm.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(Files.readString(log)).endsWith("Hello, Ada!\n");
  }

  private static long unfinished(Path cache) throws IOException {
    try (var children = Files.list(cache.resolve("server"))) {
      return children.filter(path -> path.getFileName().toString().startsWith(".")).count();
    }
  }

  private static void delete(Path path) throws IOException {
    try (var paths = Files.walk(path)) {
      for (Path each : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }

  /** A program that starts a server and greets. */
  static final class Greeter {
    private Greeter() {}

    @SuppressWarnings("SystemOut")
    public static void main(String[] args) throws Exception {
      try (ExtensionServer server = ExtensionServer.start("pg_hello");
          TestDatabase database = server.createDatabase();
          Connection connection = database.dataSource().getConnection()) {
        System.out.println(PgHelloTestIT.ask(connection, "SELECT pg_hello('Ada')"));
      }
    }
  }
}
