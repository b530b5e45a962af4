// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import io.pghello.cli.output.Failure;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options that select the server, database and role. They have the same names as in psql. */
public final class ConnectionOptions {
  @Option(
      names = {"-h", "--host"},
      paramLabel = "HOST",
      description =
          "Name or address of the server, or several separated by commas. Default: "
              + "$$PGHOST, or localhost.")
  private @Nullable String host;

  @Option(
      names = {"-p", "--port"},
      paramLabel = "PORT",
      description = "Port of the server. Default: $$PGPORT, or 5432.")
  private @Nullable String port;

  @Option(
      names = {"-U", "--username"},
      paramLabel = "ROLE",
      description = "Role to log in as. Default: $$PGUSER, or your operating system user.")
  private @Nullable String user;

  @Option(
      names = {"-d", "--dbname"},
      paramLabel = "NAME",
      description = "Name of the database. Default: $$PGDATABASE, or the name of the role.")
  private @Nullable String database;

  @Option(
      names = "--service",
      paramLabel = "NAME",
      description = "Name of a service in pg_service.conf. Default: $$PGSERVICE.")
  private @Nullable String service;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      defaultValue = "10",
      description = "Seconds to wait for each response of the server. Default: 10.")
  private int timeoutSeconds;

  public Target target() {
    return target(System::getenv);
  }

  Target target(Function<String, @Nullable String> variables) {
    Failure.throwIf(
        timeoutSeconds < 1 || timeoutSeconds > 3600,
        "--timeout must be between 1 and 3600 seconds, but is " + timeoutSeconds);
    var options = new HashMap<String, @Nullable String>();
    options.put("host", host);
    options.put("port", port);
    options.put("user", user);
    options.put("dbname", database);
    Account account = Account.current(variables);
    // Like in libpq, an empty option has no effect, but an empty variable is a name.
    String name = service == null || service.isEmpty() ? variables.apply("PGSERVICE") : service;
    try {
      return TargetResolver.find(
          options,
          name == null
              ? Map.of()
              : ServiceFile.read(name, variables, account.home(), ServiceFile.SYSTEM),
          variables,
          account,
          timeoutSeconds);
    } catch (IllegalArgumentException e) {
      throw Failure.unknown(
          Objects.requireNonNullElse(e.getMessage(), "invalid connection parameters"));
    }
  }
}
