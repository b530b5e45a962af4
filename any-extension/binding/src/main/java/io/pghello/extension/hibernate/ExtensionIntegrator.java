// SPDX-License-Identifier: MIT
package io.pghello.extension.hibernate;

import io.pghello.extension.ExtensionDescription;
import java.util.List;
import java.util.ServiceConfigurationError;
import org.hibernate.boot.Metadata;
import org.hibernate.boot.spi.BootstrapContext;
import org.hibernate.dialect.PostgreSQLDialect;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.integrator.spi.Integrator;
import org.hibernate.service.ServiceRegistry;
import org.hibernate.service.spi.SessionFactoryServiceRegistry;
import org.jboss.logging.Logger;

/**
 * Registers the checks for the extensions listed in {@link ExtensionSettings#CHECK}. Hibernate
 * finds this class through {@code META-INF/services}.
 */
public final class ExtensionIntegrator implements Integrator {
  private static final String LOG = "io.pghello.extension";

  /** Called by Hibernate. */
  public ExtensionIntegrator() {}

  @Override
  public void integrate(
      Metadata metadata, BootstrapContext context, SessionFactoryImplementor factory) {
    if (!(factory.getJdbcServices().getDialect() instanceof PostgreSQLDialect)) {
      return;
    }
    ServiceRegistry services = factory.getServiceRegistry();
    String preflight =
        ExtensionSettings.oneOf(
            services, ExtensionSettings.PREFLIGHT, List.of("fail", "warn", "off"), "warn");
    if (preflight.equals("off")) {
      return;
    }
    boolean fails = preflight.equals("fail");
    for (ExtensionDescription extension : extensions(services, fails)) {
      String setting = ExtensionSettings.schemaOf(extension.name());
      factory.addObserver(
          new ExtensionCheck(
              extension, setting, ExtensionSettings.schema(services, setting), fails, LOG));
    }
  }

  private static List<ExtensionDescription> extensions(ServiceRegistry services, boolean fails) {
    try {
      return ExtensionSettings.extensions(services, ExtensionSettings.CHECK);
    } catch (ServiceConfigurationError e) {
      if (fails) {
        throw e;
      }
      // the error may come from the provider of another extension
      Logger.getLogger(LOG)
          .warn(
              "Could not check whether the extensions in "
                  + ExtensionSettings.CHECK
                  + " can be used: "
                  + e.getMessage());
      return List.of();
    }
  }

  /**
   * Does nothing. Called only by Hibernate 5, which is not supported but may have pg-hello-core on
   * its class path.
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
    // all state belongs to the factory
  }
}
