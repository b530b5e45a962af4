// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import io.pghello.cli.connect.ConnectionOptions;
import io.pghello.cli.connect.OpsExtension;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Output;
import io.pghello.cli.output.Status;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command {@code pghello advise}. */
@Command(
    name = "advise",
    description = {
      "Recommends settings for the server's memory and disk, with reasons.",
      "Changes nothing."
    },
    footerHeading = "%nExit status:%n",
    footer = {
      "  0 if no change is recommended, otherwise 1",
      "",
      "Example:",
      "  pghello advise -h db.example.com -U watcher -d app --memory 16GB --disk ssd"
    })
public final class AdviseCommand implements Callable<Integer> {
  /** The type of disk that stores the data. */
  enum Disk {
    SSD,
    HDD
  }

  private static final String SQL =
      """
      SELECT name, setting, unit FROM pg_settings WHERE name = ANY (?)
      UNION ALL
      SELECT name, default_version, NULL FROM pg_available_extensions WHERE name = ?
      """;

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      description = "Memory of the server, e.g. 16GB. Default: memory of this machine.")
  private @Nullable String memory;

  @Option(
      names = "--disk",
      paramLabel = "ssd|hdd",
      description =
          "Disk type of the server. Default: hdd if this machine has a rotating disk, "
              + "otherwise ssd.")
  private @Nullable Disk disk;

  @Mixin private Output output = new Output();

  @Override
  public Integer call() {
    Target target = connection.target();
    var machine =
        new Advice.Machine(memory(), disk == null ? !hasRotatingDisk() : disk == Disk.SSD);
    List<Advice> advice;
    try (Connection session = target.connect()) {
      advice = Advice.of(read(session), machine);
    } catch (SQLException e) {
      throw Failure.unknown(OpsExtension.explain(e));
    }
    print(advice, machine);
    return advice.stream().anyMatch(Advice::isChange)
        ? Status.WARNING.exitCode()
        : Status.OK.exitCode();
  }

  /** The result to print as JSON. */
  private record Result(String memory, String disk, List<Advice> settings) {}

  private void print(List<Advice> all, Advice.Machine machine) {
    String memory = Advice.sized(machine.memory());
    output.print(
        new Result(memory, machine.seeksAreCheap() ? "ssd" : "hdd", all),
        out -> {
          out.printf(
              "For a server with %s of memory and %s%n",
              memory, machine.seeksAreCheap() ? "an SSD" : "a rotating disk");
          for (Advice advice : all) {
            out.printf(
                "%n%s = %s: %s%n    %s%n",
                advice.setting(),
                advice.current().isEmpty() ? "?" : advice.current(),
                advice.isChange() ? "better " + advice.better() : "leave it",
                advice.reason());
            if (advice.sql() != null) {
              out.printf("    %s;%n", advice.sql());
            }
          }
        });
  }

  private static Map<String, Advice.Setting> read(Connection session) throws SQLException {
    var settings = new HashMap<String, Advice.Setting>();
    try (PreparedStatement statement = session.prepareStatement(SQL)) {
      List<String> names =
          Stream.of(Advice.SETTINGS, Advice.CONDITIONS).flatMap(List::stream).toList();
      statement.setArray(1, session.createArrayOf("text", names.toArray()));
      statement.setString(2, Advice.STATEMENTS);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          settings.put(rows.getString(1), new Advice.Setting(rows.getString(2), rows.getString(3)));
        }
      }
    }
    return settings;
  }

  private long memory() {
    if (memory != null) {
      try {
        return Advice.bytes(memory);
      } catch (IllegalArgumentException e) {
        throw Failure.unknown("--memory: " + e.getMessage());
      }
    }
    try {
      return Files.readAllLines(Path.of("/proc/meminfo")).stream()
          .filter(line -> line.startsWith("MemTotal:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
          .findFirst()
          .orElseThrow(() -> new IOException("no MemTotal"));
    } catch (IOException e) {
      throw Failure.unknown(
          "cannot determine the memory of this machine; set the server's memory, e.g. "
              + "--memory 16GB");
    }
  }

  private static boolean hasRotatingDisk() {
    try (DirectoryStream<Path> disks =
        Files.newDirectoryStream(Path.of("/sys/block"), "{sd,hd,vd,xvd}*")) {
      for (Path path : disks) {
        Path rotational = path.resolve("queue/rotational");
        if (Files.isReadable(rotational) && Files.readString(rotational).startsWith("1")) {
          return true;
        }
      }
      return false;
    } catch (IOException e) {
      return false;
    }
  }
}
