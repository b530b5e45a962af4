// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.peers;

import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.Comparison.Sample;
import io.pghello.benchmarks.harness.CpuTime;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;

/** PostgreSQL's own client for benchmarks: what the server can do, without a JVM. */
public final class PgbenchPeer implements AutoCloseable {
  static final int PIPELINED = 256;

  private static final Pattern RATE = Pattern.compile("(?m)^tps = ([0-9.]+)");
  private static final Path DEBIAN = Path.of("/usr/lib/postgresql");
  private static final int TIMEOUT_SECONDS = 30;

  private static final String OUTPUT = "output";
  private static final String NAME = "\\set name random(1000000000, 2000000000)\n";
  private static final String HELLO = "SELECT pg_hello(:name);\n";
  private static final String CHECKED =
      NAME
          + "SELECT pg_hello(:name) = 'Hello, ' || :name || '!' AS right \\gset\n"
          + "\\if :right\n\\else\n\\set wrong 1 / 0\n\\endif\n";

  private final Path program;
  private final Address address;
  private final long serverPid;
  private final Path folder;

  public PgbenchPeer(Path program, Address address, long serverPid) throws IOException {
    this.program = program;
    this.address = address;
    this.serverPid = serverPid;
    this.folder = Files.createTempDirectory("bench-pg-hello-pgbench");
    Files.writeString(folder.resolve("checked"), CHECKED);
    Files.writeString(folder.resolve("single"), NAME + HELLO);
    Files.writeString(
        folder.resolve("pipelined"),
        NAME + "\\startpipeline\n" + HELLO.repeat(PIPELINED) + "\\endpipeline\n");
    Files.createFile(folder.resolve(OUTPUT));
    // registers the files that exist now; an interrupted run does not call close()
    FileUtils.forceDeleteOnExit(folder.toFile());
  }

  /** Finds the program: on the path, or the newest where Debian has it. */
  public static Optional<Path> find() throws IOException {
    List<Path> folders = new ArrayList<>();
    Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .map(Path::of)
        .forEach(folders::add);
    if (Files.isDirectory(DEBIAN)) {
      try (Stream<Path> majors = Files.list(DEBIAN)) {
        majors
            .sorted(Comparator.reverseOrder())
            .map(major -> major.resolve("bin"))
            .forEach(folders::add);
      }
    }
    return folders.stream()
        .map(found -> found.resolve("pgbench"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** Fails if an answer is wrong. */
  public void check() throws IOException, InterruptedException {
    run("checked", "-t", "100");
  }

  /** Returns thousands of calls per second. */
  public Sample single(int clients) throws IOException, InterruptedException {
    return rate("single", 1, clients);
  }

  /** The same with many calls at a time on each connection. */
  public Sample pipelined(int clients) throws IOException, InterruptedException {
    return rate("pipelined", PIPELINED, clients);
  }

  private Sample rate(String script, int calls, int clients)
      throws IOException, InterruptedException {
    CpuTime cpu = CpuTime.start(CpuTime.Client.CHILDREN, serverPid);
    double rate = calls * run(script, "-T", "1", "-c", Integer.toString(clients));
    // it works for a second
    return new Sample(rate, cpu.microsPerCall(rate * 1e3));
  }

  private double run(String script, String... options) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(program.toString(), "-n", "-M", "prepared"));
    command.addAll(List.of("-h", address.host(), "-p", Integer.toString(address.port())));
    command.addAll(List.of("-U", address.user(), "-f", folder.resolve(script).toString()));
    command.addAll(List.of(options));
    command.add(address.database());
    Path output = folder.resolve(OUTPUT);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("PGPASSWORD", address.password());
    Process process = builder.redirectOutput(output.toFile()).start();
    boolean ended = process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    process.destroyForcibly();
    String text = Files.readString(output, StandardCharsets.UTF_8);
    Matcher rate = RATE.matcher(text);
    if (!ended || process.exitValue() != 0 || !rate.find()) {
      throw new IllegalStateException("pgbench failed: " + text);
    }
    return Double.parseDouble(rate.group(1)) / 1e3;
  }

  @Override
  public void close() throws IOException {
    FileUtils.deleteDirectory(folder.toFile());
  }
}
