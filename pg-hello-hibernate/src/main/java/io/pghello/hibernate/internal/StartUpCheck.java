// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toUnmodifiableSet;

import io.pghello.ConnectionSource;
import io.pghello.PgHelloException;
import io.pghello.PgHelloException.Code;
import io.pghello.PgHelloProblem;
import io.pghello.hibernate.PgHelloSettings;
import io.pghello.internal.Errors;
import io.pghello.internal.installation.Preflight;
import io.pghello.internal.jdbc.ServerCalls;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.hibernate.HibernateException;
import org.hibernate.SessionFactory;
import org.hibernate.SessionFactoryObserver;
import org.hibernate.cfg.JdbcSettings;
import org.hibernate.dialect.PostgreSQLDialect;
import org.hibernate.engine.config.spi.ConfigurationService;
import org.hibernate.engine.jdbc.connections.spi.JdbcConnectionAccess;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.resource.transaction.spi.TransactionCoordinatorBuilder;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Looks, once a session factory is complete and its schema created, whether the extension can be
 * used, and does about it what {@link PgHelloSettings#PREFLIGHT} says.
 *
 * <p>It logs by the library that Hibernate logs by, so its lines go where Hibernate's go.
 *
 * @param schema where the extension is, as the settings say; null if they do not
 * @param fails whether a problem ends the start, and not just in a line of the log
 */
record StartUpCheck(@Nullable String schema, boolean fails) implements SessionFactoryObserver {
  private static final Logger LOG = Logger.getLogger("io.pghello.hibernate");

  // as long as pools wait by default
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  /** Arranges that the factory is checked when it is complete, if the settings want it. */
  static void register(SessionFactoryImplementor factory) {
    if (!(factory.getJdbcServices().getDialect() instanceof PostgreSQLDialect)) {
      return;
    }
    Map<String, Object> settings =
        factory.getServiceRegistry().requireService(ConfigurationService.class).getSettings();
    Object setting = settings.get(PgHelloSettings.PREFLIGHT);
    String check =
        setting != null ? setting.toString() : isPossible(factory, settings) ? "warn" : "off";
    switch (check) {
      case "off" -> {}
      case "warn", "fail" ->
          factory.addObserver(
              new StartUpCheck(Schema.name(factory.getServiceRegistry()), check.equals("fail")));
      default ->
          throw new HibernateException(
              "Setting "
                  + PgHelloSettings.PREFLIGHT
                  + " is \""
                  + check
                  + "\"; it must be fail, warn or off");
    }
  }

  /** Returns whether there is one database, to which Hibernate may connect at the start. */
  private static boolean isPossible(
      SessionFactoryImplementor factory, Map<String, Object> settings) {
    Object mayConnect = settings.get(JdbcSettings.ALLOW_METADATA_ON_BOOT);
    return !factory.getSessionFactoryOptions().isMultiTenancyEnabled()
        && (mayConnect == null || Boolean.parseBoolean(mayConnect.toString()));
  }

  @Override
  public void sessionFactoryCreated(SessionFactory factory) {
    try {
      check(factory.unwrap(SessionFactoryImplementor.class));
    } catch (PgHelloException e) {
      if (fails) {
        throw e;
      }
      LOG.warn(e.getMessage());
    }
  }

  private void check(SessionFactoryImplementor factory) {
    boolean jta =
        factory.getServiceRegistry().requireService(TransactionCoordinatorBuilder.class).isJta();
    var source = new Source(factory.getJdbcServices().getBootstrapJdbcConnectionAccess(), jta);
    List<PgHelloProblem> problems = problems(ServerCalls.preflight(source, TIMEOUT));
    if (!problems.isEmpty()) {
      var all =
          new PgHelloProblem(
              problems.get(0).code(),
              problems.stream().map(PgHelloProblem::message).collect(joining(" ")),
              problems.stream().map(PgHelloProblem::remedy).collect(joining(" ")),
              problems.stream()
                  .flatMap(problem -> problem.functions().stream())
                  .collect(toUnmodifiableSet()));
      throw Errors.of(all);
    }
  }

  /** Returns the problems, the gravest first, in words for those who use Hibernate. */
  private List<PgHelloProblem> problems(Preflight preflight) {
    var problems = new ArrayList<PgHelloProblem>();
    for (PgHelloProblem problem : preflight.problems()) {
      if (problem.code() == Code.NOT_CREATED && schema != null) {
        String quoted = Schema.quoted(schema);
        problems.add(
            new PgHelloProblem(
                Code.NOT_CREATED,
                problem.message(),
                problem
                    .remedy()
                    .replace(
                        "CREATE EXTENSION pg_hello;",
                        "CREATE SCHEMA IF NOT EXISTS "
                            + quoted
                            + "; CREATE EXTENSION pg_hello SCHEMA "
                            + quoted
                            + ";"),
                problem.functions()));
      } else if (problem.code() != Code.NOT_ON_PATH) {
        problems.add(problem);
      } else if (schema == null) {
        problems.add(new PgHelloProblem(Code.NOT_ON_PATH, problem.message(), remedy(preflight)));
      }
    }
    String there = preflight.schema();
    if (schema != null && there != null && !schema.equals(Schema.unquoted(there))) {
      problems.add(
          new PgHelloProblem(
              Code.NOT_ON_PATH,
              "Extension pg_hello is in schema "
                  + there
                  + ", but Hibernate was told "
                  + Schema.quoted(schema)
                  + ".",
              remedy(preflight)));
    }
    return problems;
  }

  private static String remedy(Preflight preflight) {
    return "Set "
        + PgHelloSettings.SCHEMA
        + " to "
        + Schema.unquoted(String.valueOf(preflight.schema()))
        + " in Hibernate's settings.";
  }

  /**
   * Hibernate's own connections, as it uses them at the start.
   *
   * @param jta whether they may be in a transaction of a container, which is left alone
   */
  private record Source(JdbcConnectionAccess access, boolean jta) implements ConnectionSource {
    @Override
    public Connection get() throws SQLException {
      return access.obtainConnection();
    }

    @Override
    public void release(Connection connection) throws SQLException {
      access.releaseConnection(connection);
    }

    @Override
    public boolean mayJoinBatch() {
      return !jta;
    }
  }
}
