// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.peers;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The process of a server on this machine, and where its data is: to see that both have gone when
 * the server is stopped.
 */
public record Postmaster(ProcessHandle process, Path data) {
  private static final String PID_FILE = "postmaster.pid";
  // of the file, below a folder for servers that each have one
  private static final int DEPTH = 3;
  private static final int TIMEOUT_SECONDS = 10;

  /** Asks a server, as its superuser. */
  public static Postmaster of(Connection connection) throws IOException, SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SHOW data_directory")) {
      row.next();
      Path data = Path.of(row.getString(1));
      return new Postmaster(process(data.resolve(PID_FILE)).orElseThrow(), data);
    }
  }

  private static Optional<ProcessHandle> process(Path pidFile) throws IOException {
    try {
      return ProcessHandle.of(Long.parseLong(Files.readAllLines(pidFile).get(0).strip()));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  /** Fails unless the server has ended, and its data is removed. */
  public void requireGone() {
    if (!hasEnded(process)) {
      throw new IllegalStateException("the server with the data " + data + " still runs");
    }
    if (Files.exists(data)) {
      throw new IllegalStateException("the server has ended, but left its data " + data);
    }
  }

  private static boolean hasEnded(ProcessHandle process) {
    try {
      process.onExit().get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (ExecutionException | TimeoutException e) {
      return false;
    }
  }

  /** Ends the servers whose data is in a folder, if their own processes could not stop them. */
  public static void endAll(Path folder) throws IOException {
    List<Path> pidFiles = new ArrayList<>();
    Files.walkFileTree(
        folder,
        Set.of(),
        DEPTH,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (file.endsWith(PID_FILE)) {
              pidFiles.add(file);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) {
            // it was just removed
            return FileVisitResult.CONTINUE;
          }
        });
    for (Path pidFile : pidFiles) {
      Optional<ProcessHandle> server = process(pidFile).filter(Postmaster::isServer);
      if (server.isPresent()) {
        end(server.get());
      }
    }
  }

  /** The number may be another process's by now. */
  private static boolean isServer(ProcessHandle process) {
    return process.info().command().filter(path -> path.endsWith("/postgres")).isPresent();
  }

  /** At once, but so that it gives back its shared memory. */
  private static void end(ProcessHandle server) throws IOException {
    new ProcessBuilder("kill", "-QUIT", Long.toString(server.pid())).start();
    if (!hasEnded(server)) {
      server.destroyForcibly();
    }
  }
}
