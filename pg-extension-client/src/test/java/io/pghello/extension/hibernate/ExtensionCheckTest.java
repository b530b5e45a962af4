// SPDX-License-Identifier: MIT
package io.pghello.extension.hibernate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.ExtensionDescription;
import java.sql.Connection;
import java.util.Map;
import org.hibernate.HibernateException;
import org.hibernate.SessionFactory;
import org.hibernate.boot.Metadata;
import org.hibernate.boot.MetadataSources;
import org.hibernate.boot.registry.StandardServiceRegistry;
import org.hibernate.boot.registry.StandardServiceRegistryBuilder;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.service.spi.SessionFactoryServiceRegistry;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** Starts of Hibernate that cannot ask a database. */
class ExtensionCheckTest {
  @Test
  void keepsTheOrderOfTheExtensionsThatASettingNames() {
    StandardServiceRegistry registry =
        registry(Map.of(ExtensionSettings.CREATE, "cube, earthdistance,x,, cube,b,a"));
    assertThat(ExtensionSettings.extensions(registry, ExtensionSettings.CREATE))
        .extracting(ExtensionDescription::name)
        .containsExactly("cube", "earthdistance", "x", "b", "a");
    StandardServiceRegistryBuilder.destroy(registry);
  }

  @Test
  void warnsWhereTheDataSourceHasNoConnectionYet() {
    try (SessionFactory factory = open(Map.of())) {
      assertThat(factory.isOpen()).isTrue();
    }
    assertThatThrownBy(() -> open(Map.of(ExtensionSettings.PREFLIGHT, "fail")).close())
        .isInstanceOf(HibernateException.class)
        .hasMessage("It is not known whether acme_geo can be used: no tenant");
  }

  /** Its integrators have another method, which was abstract there. */
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
    } catch (RuntimeException e) {
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

  /** Leads to no database, as a data source that routes where nothing says to which. */
  @SuppressWarnings("serial")
  private static final class Routing extends PGSimpleDataSource {
    @Override
    public Connection getConnection() {
      throw new IllegalStateException("no tenant");
    }
  }
}
