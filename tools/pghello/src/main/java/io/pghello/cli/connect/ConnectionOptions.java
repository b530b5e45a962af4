// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import io.pghello.cli.output.Failure;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options that name the server, the database and the role, as psql has them. */
public final class ConnectionOptions {
  @Option(
      names = {"-h", "--host"},
      paramLabel = "HOST",
      description = "The server, or several with commas. Default: $$PGHOST, or localhost.")
  private @Nullable String host;

  @Option(
      names = {"-p", "--port"},
      paramLabel = "PORT",
      description = "Its port. Default: $$PGPORT, or 5432.")
  private @Nullable String port;

  @Option(
      names = {"-U", "--username"},
      paramLabel = "ROLE",
      description = "Role to log in as. Default: $$PGUSER, or your name on this machine.")
  private @Nullable String user;

  @Option(
      names = {"-d", "--dbname"},
      paramLabel = "NAME",
      description = "The database. Default: $$PGDATABASE, or the role's name.")
  private @Nullable String database;

  @Option(
      names = "--service",
      paramLabel = "NAME",
      description = "A service of pg_service.conf. Default: $$PGSERVICE.")
  private @Nullable String service;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      defaultValue = "10",
      description = "Seconds to wait for the server, each time. Default: 10.")
  private int timeoutSeconds;

  public Target target() {
    Failure.refuseIf(
        timeoutSeconds < 1 || timeoutSeconds > 3600,
        "--timeout must be between 1 and 3600 seconds, but is " + timeoutSeconds);
    var options = new HashMap<String, @Nullable String>();
    options.put("host", host);
    options.put("port", port);
    options.put("user", user);
    options.put("dbname", database);
    String name = service == null ? System.getenv("PGSERVICE") : service;
    try {
      return Target.find(
          options,
          name == null || name.isEmpty()
              ? Map.of()
              : ServiceFile.read(name, System::getenv, Path.of(System.getProperty("user.home"))),
          System::getenv,
          System.getProperty("user.name"),
          timeoutSeconds);
    } catch (IllegalArgumentException e) {
      throw Failure.unknown(Objects.requireNonNullElse(e.getMessage(), "cannot connect there"));
    }
  }
}
