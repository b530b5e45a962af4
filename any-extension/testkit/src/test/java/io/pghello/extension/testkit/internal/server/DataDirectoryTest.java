// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.extension.testkit.internal.cache.HeldFiles;
import io.pghello.extension.testkit.internal.cache.OwnFiles;
import io.pghello.extension.testkit.internal.cache.Platform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataDirectoryTest {
  private static final int JVMS = 3;
  private static final int FOLDERS = 400;

  @TempDir private Path folder;

  /**
   * Each JVM removes abandoned directories. A new directory looks abandoned until its JVM has taken
   * the lock.
   */
  @Test
  void doesNotRemoveDirectoriesThatAnotherJvmIsCreating() throws Exception {
    List<Process> jvms = new ArrayList<>();
    try {
      for (int i = 0; i < JVMS; i++) {
        jvms.add(
            new ProcessBuilder(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:TieredStopAtLevel=1",
                    "-XX:+UseSerialGC",
                    "-cp",
                    System.getProperty("java.class.path"),
                    Maker.class.getName())
                .redirectErrorStream(true)
                .redirectOutput(log(i).toFile())
                .start());
      }
      for (int i = 0; i < JVMS; i++) {
        assertThat(jvms.get(i).waitFor(5, TimeUnit.MINUTES)).isTrue();
        assertThat(jvms.get(i).exitValue()).as(Files.readString(log(i))).isZero();
      }
    } finally {
      jvms.forEach(Process::destroyForcibly);
    }
  }

  @Test
  void explainsWhyAServerIsNotRecognized() throws IOException {
    try (DataDirectory scratch = DataDirectory.create()) {
      Files.createDirectory(scratch.data());
      assertThat(scratch.unrecognized()).isEqualTo("postmaster.pid is missing or incomplete");
      Instant started = ProcessHandle.current().info().startInstant().orElseThrow();
      processFile(scratch, Path.of("/elsewhere"), started);
      assertThat(scratch.isReady()).isFalse();
      assertThat(scratch.unrecognized())
          .startsWith("postmaster.pid names the directory /elsewhere instead of ");
      processFile(scratch, scratch.data(), started.plusSeconds(3600));
      assertThat(scratch.isReady()).isFalse();
      assertThat(scratch.unrecognized())
          .matches("the server's clock differs from the system's by (3599|3600) s; set both.*");
    }
  }

  /** A busy machine runs a process long after it has started it. */
  @Test
  void recognizesAServerThatStartsSlowly() throws IOException {
    try (DataDirectory scratch = DataDirectory.create()) {
      Files.createDirectory(scratch.data());
      Instant started = ProcessHandle.current().info().startInstant().orElseThrow();
      processFile(scratch, scratch.data(), started.plusSeconds(30));
      assertThat(scratch.isReady()).isTrue();
      // another process has this process ID now
      processFile(scratch, scratch.data(), started.minusSeconds(30));
      assertThat(scratch.isReady()).isFalse();
    }
  }

  private static void processFile(DataDirectory scratch, Path data, Instant started)
      throws IOException {
    String[] lines = {
      Long.toString(ProcessHandle.current().pid()),
      data.toString(),
      Long.toString(started.getEpochSecond()),
      "5432",
      "",
      "127.0.0.1",
      "",
      "ready"
    };
    Files.write(scratch.data().resolve("postmaster.pid"), List.of(lines));
  }

  /** A directory of another program may be a cache or a backup. */
  @Test
  void keepsDirectoriesOfOtherPrograms() throws IOException {
    FileTime before = FileTime.from(Instant.now().minus(Duration.ofHours(1)));
    Path named = Files.createTempDirectory(DataDirectory.parent(), "pg-hello-of-mine-");
    Path numbered = Files.createTempDirectory(DataDirectory.parent(), "pg-hello-");
    Path locked = Files.createDirectory(named.resolveSibling(named.getFileName() + "1"));
    try {
      Files.writeString(named.resolve("server.log"), "");
      Files.writeString(numbered.resolve("lock"), "");
      Files.writeString(numbered.resolve("file"), "");
      Files.writeString(locked.resolve("lock"), "");
      for (Path each : List.of(named, numbered, locked)) {
        Files.setLastModifiedTime(each, before);
      }
      DataDirectory.create().close();
      assertThat(named.resolve("server.log")).exists();
      assertThat(numbered.resolve("file")).exists();
      assertThat(locked.resolve("lock")).exists();
    } finally {
      for (Path each : List.of(named, numbered, locked)) {
        HeldFiles.delete(each);
      }
    }
  }

  /**
   * Root has the permission to remove other users' directories and to end their servers, but must
   * not do so.
   */
  @Test
  void keepsServersOfOtherUsers() throws Exception {
    assumeTrue(OwnFiles.isRoot(), "only root can change the owner of a directory");
    Path server = Files.createTempDirectory(DataDirectory.parent(), "pg-hello-");
    Process process = new ProcessBuilder("sleep", "600").start();
    try {
      long started = process.info().startInstant().orElseThrow().getEpochSecond();
      Files.writeString(server.resolve("lock"), "");
      Files.writeString(
          Files.createDirectory(server.resolve("data")).resolve("postmaster.pid"),
          process.pid() + "\n" + server.resolve("data") + "\n" + started + "\n");
      Files.setAttribute(server, "unix:uid", 65534);
      DataDirectory.create().close();
      assertThat(server.resolve("lock")).exists();
      assertThat(process.isAlive()).isTrue();
      // if this user owns the directory, it is removed
      Files.setAttribute(server, "unix:uid", 0);
      DataDirectory.create().close();
      assertThat(server).doesNotExist();
      assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    } finally {
      process.destroyForcibly();
      if (Files.exists(server)) {
        HeldFiles.delete(server);
      }
    }
  }

  /** The template may be in a cache that a user has made read-only. */
  @Test
  void makesACopyOfAReadOnlyDirectoryWritable() throws IOException {
    assumeTrue(Platform.POSIX, "permissions are different on Windows");
    Path below = Files.createDirectories(folder.resolve("from/below"));
    Path file = Files.writeString(below.resolve("file"), "content");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--------"));
    Files.setPosixFilePermissions(below, PosixFilePermissions.fromString("r-x------"));
    try {
      DataDirectory.copy(folder.resolve("from"), folder.resolve("to"));
      assertThat(PosixFilePermissions.toString(permissions("to/below"))).isEqualTo("rwx------");
      assertThat(PosixFilePermissions.toString(permissions("to/below/file")))
          .isEqualTo("rw-------");
    } finally {
      Files.setPosixFilePermissions(below, PosixFilePermissions.fromString("rwx------"));
    }
  }

  private Set<PosixFilePermission> permissions(String path) throws IOException {
    return Files.getPosixFilePermissions(folder.resolve(path));
  }

  private Path log(int jvm) {
    return folder.resolve("log" + jvm);
  }

  /** Creates directories one after the other, and a subdirectory in each. */
  static final class Maker {
    private Maker() {}

    public static void main(String[] args) throws IOException {
      for (int i = 0; i < FOLDERS; i++) {
        try (DataDirectory scratch = DataDirectory.create()) {
          Files.createDirectory(scratch.data());
        }
      }
    }
  }
}
