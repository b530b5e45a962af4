// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.PgHelloClient;
import io.pghello.extension.batching.ClientBuilder;
import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.Preflight;
import io.pghello.extension.hibernate.ExtensionCheck;
import io.pghello.extension.hibernate.ExtensionSettings;
import io.pghello.hibernate.PgHelloSettings;
import io.pghello.hibernate.internal.attribute.JdbcExceptions;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.JdbcSettings;
import org.hibernate.dialect.PostgreSQLDialect;
import org.hibernate.engine.config.spi.ConfigurationService;
import org.hibernate.engine.jdbc.connections.spi.JdbcConnectionAccess;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.resource.transaction.spi.TransactionCoordinatorBuilder;
import org.hibernate.service.ServiceRegistry;
import org.jspecify.annotations.Nullable;

/**
 * After a session factory and its schema have been created, checks whether the extension is usable.
 * {@link PgHelloSettings#PREFLIGHT} sets the reaction to a problem. The check calls {@code
 * PgHelloClient.preflight()}, with a timeout of 30 seconds.
 */
@SuppressWarnings("serial") // observers of a factory are not serialized
final class StartUpCheck extends ExtensionCheck {
  private StartUpCheck(@Nullable String schema, boolean fails) {
    super(PgHelloClient.extension(), PgHelloSettings.SCHEMA, schema, fails, "io.pghello.hibernate");
  }

  /** Registers the check, unless the settings disable it. */
  static void register(SessionFactoryImplementor factory) {
    String reaction = reaction(factory);
    if (!reaction.equals("off")) {
      factory.addObserver(
          new StartUpCheck(Schema.name(factory.getServiceRegistry()), reaction.equals("fail")));
    }
  }

  /**
   * Returns whether the database is distributed by Citus. Returns false if the check is off or if
   * the server cannot be reached; in the second case, the check reports the problem later. Takes
   * one round trip.
   */
  static boolean isDistributed(SessionFactoryImplementor factory) {
    if (reaction(factory).equals("off")) {
      return false;
    }
    try {
      return preflight(factory).installation().isDistributed();
    } catch (FunctionCallException e) {
      return false;
    }
  }

  /** Returns whether a factory is Hibernate Reactive's, which has no JDBC connections. */
  static boolean isReactive(SessionFactoryImplementor factory) {
    return factory.getClass().getName().startsWith("org.hibernate.reactive.");
  }

  /** Returns the reaction to a problem: fail, warn or off. */
  private static String reaction(SessionFactoryImplementor factory) {
    return factory.getJdbcServices().getDialect() instanceof PostgreSQLDialect
        ? ExtensionSettings.oneOf(
            factory.getServiceRegistry(),
            PgHelloSettings.PREFLIGHT,
            List.of("fail", "warn", "off"),
            isPossible(factory) ? "warn" : "off")
        : "off";
  }

  private static Preflight preflight(SessionFactoryImplementor factory) {
    ServiceRegistry services = factory.getServiceRegistry();
    boolean jta = services.requireService(TransactionCoordinatorBuilder.class).isJta();
    var source = new Source(factory.getJdbcServices().getBootstrapJdbcConnectionAccess(), jta);
    ClientBuilder<PgHelloClient> builder =
        PgHelloClient.builder().connections(source).callTimeout(TIMEOUT);
    String schema = Schema.name(services);
    if (schema != null) {
      builder.schema(schema);
    }
    try (PgHelloClient client = builder.build()) {
      return client.preflight();
    }
  }

  /** Returns whether there is a single database and Hibernate may connect to it with JDBC. */
  private static boolean isPossible(SessionFactoryImplementor factory) {
    Map<String, Object> settings =
        factory.getServiceRegistry().requireService(ConfigurationService.class).getSettings();
    Object mayConnect = settings.get(JdbcSettings.ALLOW_METADATA_ON_BOOT);
    return !isReactive(factory)
        && !factory.getSessionFactoryOptions().isMultiTenancyEnabled()
        && (mayConnect == null || Boolean.parseBoolean(mayConnect.toString()));
  }

  @Override
  public void sessionFactoryCreated(SessionFactory factory) {
    try {
      Preflight found = preflight(factory.unwrap(SessionFactoryImplementor.class));
      found.warnings().forEach(warning -> warn(warning.toString()));
      problem(found.installation()).map(JdbcExceptions::of).ifPresent(this::report);
    } catch (FunctionCallException e) {
      report(e);
    }
  }

  /**
   * Hibernate's own connections, as used at startup.
   *
   * @param jta whether the connections may take part in a container-managed transaction; the check
   *     must not affect such a transaction
   */
  private record Source(JdbcConnectionAccess access, boolean jta) implements ConnectionSource {
    @Override
    public Connection getConnection() throws SQLException {
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
