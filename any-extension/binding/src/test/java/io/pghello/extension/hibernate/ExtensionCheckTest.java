// SPDX-License-Identifier: MIT
package io.pghello.extension.hibernate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionProvider;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.Map;
import java.util.ServiceConfigurationError;
import org.hibernate.HibernateException;
import org.hibernate.SessionFactory;
import org.hibernate.boot.Metadata;
import org.hibernate.boot.MetadataSources;
import org.hibernate.boot.registry.StandardServiceRegistry;
import org.hibernate.boot.registry.StandardServiceRegistryBuilder;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.service.spi.SessionFactoryServiceRegistry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;

/** Tests the startup of Hibernate without a database. */
class ExtensionCheckTest {
  @Test
  void keepsTheOrderOfListedExtensions() {
    StandardServiceRegistry registry =
        registry(Map.of(ExtensionSettings.CREATE, "cube, earthdistance,x,, cube,b,a"));
    assertThat(ExtensionSettings.extensions(registry, ExtensionSettings.CREATE))
        .extracting(ExtensionDescription::name)
        .containsExactly("cube", "earthdistance", "x", "b", "a");
    StandardServiceRegistryBuilder.destroy(registry);
  }

  @Test
  void warnsIfTheDataSourceHasNoConnection() {
    try (SessionFactory factory = open(Map.of())) {
      assertThat(factory.isOpen()).isTrue();
    }
    assertThatThrownBy(() -> open(Map.of(ExtensionSettings.PREFLIGHT, "fail")).close())
        .isInstanceOf(HibernateException.class)
        .hasMessage("Could not check whether acme_geo can be used: no tenant");
  }

  /** For example, the provider may belong to another binding with an incomplete jar. */
  @Test
  void warnsIfAProviderCannotBeLoaded(@TempDir Path folder) throws Exception {
    Path services = Files.createDirectories(folder.resolve("META-INF/services"));
    Files.writeString(services.resolve(ExtensionProvider.class.getName()), "no.such.Provider");
    Thread thread = Thread.currentThread();
    ClassLoader loader = thread.getContextClassLoader();
    Map<String, Object> settings =
        Map.of(ExtensionSettings.CHECK, "other", ExtensionSettings.PREFLIGHT, "fail");
    try (var broken = new URLClassLoader(new URL[] {folder.toUri().toURL()}, loader)) {
      thread.setContextClassLoader(broken);
      open(Map.of(ExtensionSettings.CHECK, "other")).close();
      assertThatThrownBy(() -> open(settings).close())
          .isInstanceOf(ServiceConfigurationError.class)
          .hasMessageContaining("no.such.Provider");
    } finally {
      thread.setContextClassLoader(loader);
    }
  }

  @Test
  void ignoresSettingsOnAnotherDatabase() {
    Map<String, Object> settings =
        Map.of(
            "hibernate.dialect",
            "org.hibernate.dialect.H2Dialect",
            ExtensionSettings.PREFLIGHT,
            "neither");
    try (SessionFactory factory = open(settings)) {
      assertThat(factory.isOpen()).isTrue();
    }
  }

  /** In Hibernate 5, integrators have a different method, which is abstract. */
  @Test
  void doesNotStopHibernate5() throws Exception {
    assertThat(
            ExtensionIntegrator.class
                .getDeclaredMethod(
                    "integrate",
                    Metadata.class,
                    SessionFactoryImplementor.class,
                    SessionFactoryServiceRegistry.class)
                .isDefault())
        .isFalse();
  }

  private static SessionFactory open(Map<String, Object> settings) {
    StandardServiceRegistry registry = registry(settings);
    try {
      return new MetadataSources(registry).buildMetadata().buildSessionFactory();
    } catch (RuntimeException | ServiceConfigurationError e) {
      StandardServiceRegistryBuilder.destroy(registry);
      throw e;
    }
  }

  private static StandardServiceRegistry registry(Map<String, Object> settings) {
    return new StandardServiceRegistryBuilder()
        .applySetting("hibernate.connection.datasource", new Routing())
        .applySetting("hibernate.dialect", "org.hibernate.dialect.PostgreSQLDialect")
        .applySetting("hibernate.boot.allow_jdbc_metadata_access", false)
        .applySetting(ExtensionSettings.CHECK, "acme_geo")
        .applySettings(settings)
        .build();
  }

  /** A data source that throws an exception, like a routing data source without a tenant. */
  @SuppressWarnings("serial")
  private static final class Routing extends PGSimpleDataSource {
    @Override
    public Connection getConnection() {
      throw new IllegalStateException("no tenant");
    }
  }
}
