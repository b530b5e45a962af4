// SPDX-License-Identifier: MIT
package io.pghello.extension.hibernate;

import io.pghello.extension.ExtensionDescription;
import java.util.List;
import org.hibernate.boot.Metadata;
import org.hibernate.boot.spi.BootstrapContext;
import org.hibernate.dialect.PostgreSQLDialect;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.integrator.spi.Integrator;
import org.hibernate.service.ServiceRegistry;
import org.hibernate.service.spi.SessionFactoryServiceRegistry;

/**
 * Has the extensions checked that {@link ExtensionSettings#CHECK} names. Hibernate finds it by
 * {@code META-INF/services}.
 */
public final class ExtensionIntegrator implements Integrator {
  /** Creates it; Hibernate does this. */
  public ExtensionIntegrator() {}

  @Override
  public void integrate(
      Metadata metadata, BootstrapContext context, SessionFactoryImplementor factory) {
    ServiceRegistry services = factory.getServiceRegistry();
    String preflight =
        ExtensionSettings.oneOf(
            services, ExtensionSettings.PREFLIGHT, List.of("fail", "warn", "off"), "warn");
    if (preflight.equals("off")
        || !(factory.getJdbcServices().getDialect() instanceof PostgreSQLDialect)) {
      return;
    }
    for (ExtensionDescription extension :
        ExtensionSettings.extensions(services, ExtensionSettings.CHECK)) {
      String setting = ExtensionSettings.schemaOf(extension.name());
      factory.addObserver(
          new ExtensionCheck(
              extension,
              setting,
              ExtensionSettings.schema(services, setting),
              preflight.equals("fail"),
              "io.pghello.extension"));
    }
  }

  /**
   * Does nothing: so Hibernate 5 calls it, for which this is not made, and to whose class path
   * pg-hello-core may have brought it.
   */
  @Override
  @SuppressWarnings({"deprecation", "removal"})
  public void integrate(
      Metadata metadata,
      SessionFactoryImplementor factory,
      SessionFactoryServiceRegistry serviceRegistry) {}

  @Override
  public void disintegrate(
      SessionFactoryImplementor factory, SessionFactoryServiceRegistry serviceRegistry) {
    // all that is ours is the factory's, and goes with it
  }
}
