// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.prefetch;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.hibernate.internal.tracking.FilledValueTracker;
import io.pghello.testkit.PgHelloTest;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import javax.sql.DataSource;
import org.hibernate.SessionFactory;
import org.hibernate.boot.registry.BootstrapServiceRegistryBuilder;
import org.hibernate.cfg.Configuration;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.engine.transaction.jta.platform.internal.NoJtaPlatform;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Tests which values of loaded entities are kept, and for how long. */
@PgHelloTest
class LoadedValuesIT {
  private SessionFactory factory;

  @BeforeEach
  void open(DataSource dataSource) {
    factory = open(dataSource, Guestbook.class);
  }

  @AfterEach
  void close() {
    factory.close();
  }

  private static SessionFactory open(DataSource dataSource, Class<?> entity) {
    var configuration =
        new Configuration(
            new BootstrapServiceRegistryBuilder()
                .applyClassLoader(entity.getClassLoader())
                .build());
    configuration.getProperties().put("hibernate.connection.datasource", dataSource);
    configuration.getProperties().put("hibernate.hbm2ddl.auto", "create-drop");
    configuration.getProperties().put("hibernate.transaction.jta.platform", NoJtaPlatform.INSTANCE);
    return configuration.addAnnotatedClass(entity).buildSessionFactory();
  }

  private void insert(int rows) {
    factory.inTransaction(
        session ->
            session
                .createNativeMutationQuery(
                    "insert into Guestbook (id, name, greeting) select i, 'user' || i,"
                        + " 'Hello, user' || i || '!' from generate_series(1, "
                        + rows
                        + ") as i")
                .executeUpdate());
  }

  private List<Guestbook> load() {
    return factory.fromSession(
        session ->
            session.createSelectionQuery("from Guestbook order by id", Guestbook.class).list());
  }

  private FilledValueTracker filledValues() {
    return requireNonNull(PrefetcherService.of(factory.unwrap(SessionFactoryImplementor.class)))
        .filledValues();
  }

  private static void collectUntil(BooleanSupplier condition) {
    for (int i = 0; !condition.getAsBoolean(); i++) {
      assertThat(i).as("collections of garbage").isLessThan(1_000);
      System.gc();
      Thread.onSpinWait();
    }
  }

  @Test
  void storesNothingForLoadedEntities() {
    insert(1_000);
    List<Guestbook> kept = load();
    assertThat(filledValues().size()).isZero();
    kept.forEach(each -> assertThat(each.greeting).isEqualTo("Hello, user" + each.id + "!"));
  }

  /** Rows that are older than the column have no greeting. */
  @Test
  void storesNothingForEntitiesEvictedWithoutAValue() {
    insert(10);
    factory.inTransaction(
        session -> {
          session.createMutationQuery("update Guestbook set greeting = null").executeUpdate();
          List<Guestbook> loaded =
              session.createSelectionQuery("from Guestbook", Guestbook.class).list();
          loaded.forEach(session::detach);
          assertThat(loaded).hasSize(10);
          assertThat(filledValues().size()).isZero();
        });
  }

  @Test
  void removesCollectedEntitiesInAnIdleProgram() {
    insert(1_000);
    List<Guestbook> kept =
        factory.fromSession(
            session -> {
              List<Guestbook> loaded =
                  session
                      .createSelectionQuery("from Guestbook order by id", Guestbook.class)
                      .list();
              loaded.forEach(session::detach);
              assertThat(filledValues().size()).isEqualTo(loaded.size());
              return new ArrayList<>(loaded.subList(0, 10));
            });
    // nothing is loaded or written in between
    collectUntil(() -> filledValues().size() == kept.size());
    Guestbook copy = kept.get(0);
    copy.id = 2_000;
    copy.name = "Grace";
    factory.inTransaction(session -> session.persist(copy));
    assertThat(copy.greeting).isEqualTo("Hello, Grace!");
    kept.clear();
  }

  /** The test writes nothing, and at the end, no entity is loaded any more. */
  @Test
  @Tag("long")
  void memoryIsFlatAfterAMillionLoads() {
    insert(1_000);
    load(100);
    long before = usedMemory();
    load(1_000);
    // each stored load would take about 300 bytes
    collectUntil(() -> usedMemory() - before < 4 << 20);
    assertThat(filledValues().size()).isZero();
  }

  private void load(int times) {
    for (int i = 0; i < times; i++) {
      assertThat(load()).hasSize(1_000);
    }
  }

  private static long usedMemory() {
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  @Test
  void anUpdateUsesTheLoadedStateOfTheEntry() {
    insert(2);
    factory.inTransaction(
        session -> {
          Guestbook loaded = session.find(Guestbook.class, 1);
          loaded.name = "Grace";
          session.flush();
          assertThat(loaded.greeting).isEqualTo("Hello, Grace!");
          session.refresh(loaded);
          loaded.name = "Ada";
        });
    assertThat(load())
        .extracting(each -> each.greeting)
        .containsExactly("Hello, Ada!", "Hello, user2!");
  }

  /** Tests an undeployed application in a server that continues to run. */
  @Test
  void keepsNoClassesOfAnUndeployedApplication(DataSource dataSource) throws Exception {
    var loader = new WeakReference<ClassLoader>(run(dataSource));
    collectUntil(() -> loader.refersTo(null));
  }

  private static ClassLoader run(DataSource dataSource) throws Exception {
    ClassLoader loader = new OfProgram();
    Class<?> entity = loader.loadClass(Guestbook.class.getName());
    assertThat(entity).isNotEqualTo(Guestbook.class);
    try (SessionFactory program = open(dataSource, entity)) {
      var constructor = entity.getDeclaredConstructor();
      constructor.setAccessible(true);
      Object written = constructor.newInstance();
      program.inTransaction(session -> session.persist(written));
      program.inSession(session -> assertThat(session.find(entity, 0)).isNotNull());
    }
    return loader;
  }

  /** Defines the entity class again, like the class loader of another application. */
  private static final class OfProgram extends ClassLoader {
    OfProgram() {
      super(LoadedValuesIT.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.equals(Guestbook.class.getName())) {
        return super.loadClass(name, resolve);
      }
      Class<?> loaded = findLoadedClass(name);
      if (loaded != null) {
        return loaded;
      }
      String file = name.replace('.', '/') + ".class";
      try (InputStream in = requireNonNull(getParent().getResourceAsStream(file), file)) {
        byte[] bytes = in.readAllBytes();
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }
  }
}
