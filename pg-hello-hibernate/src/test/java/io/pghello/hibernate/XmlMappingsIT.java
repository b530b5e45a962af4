// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Lob;
import jakarta.persistence.SequenceGenerator;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.Configuration;
import org.hibernate.engine.transaction.jta.platform.internal.NoJtaPlatform;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Mappings in orm.xml, which overrides annotations. */
@PgHelloTest
class XmlMappingsIT {
  /** The XML determines its identifier. */
  @Entity(name = "Plain")
  static class Plain {
    @Id @Nullable Long id;
    @Nullable String name;

    @WelcomeMessage(of = "name")
    @Nullable String greeting;

    @NowMillis long createdAt;
  }

  /** Its identifier comes from a sequence, unless overridden in XML. */
  @Entity(name = "Sequenced")
  static class Sequenced {
    @Id
    @GeneratedValue(strategy = GenerationType.SEQUENCE, generator = "ids")
    @SequenceGenerator(name = "ids", sequenceName = "ids", allocationSize = 1000)
    @Nullable Long id;

    @Nullable String name;

    @WelcomeMessage(of = "name")
    @Nullable String greeting;

    @NowMillis long createdAt;
  }

  /** It has an IDENTITY identifier, unless overridden in XML. */
  @Entity(name = "Counted")
  static class Counted {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    @Nullable Long id;

    @Nullable String name;

    @WelcomeMessage(of = "name")
    @Nullable String greeting;

    @NowMillis long createdAt;
  }

  /** Values that the INSERT cannot compute are prefetched. */
  @Entity(name = "Large")
  static class Large {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    @Nullable Long id;

    @Nullable String name;

    @Lob
    @WelcomeMessage(of = "name")
    @Nullable String greeting;
  }

  /** A class without JPA annotations. */
  static class Bare {
    @Nullable Long id;
    @Nullable String name;

    @WelcomeMessage(of = "name")
    @Nullable String greeting;

    @NowMillis long createdAt;
  }

  private static final String IDENTITY =
      "<id name='id'><generated-value strategy='IDENTITY'/></id>";
  private static final String SEQUENCE =
      "<id name='id'><generated-value strategy='SEQUENCE' generator='more'/>"
          + "<sequence-generator name='more' sequence-name='more' allocation-size='1000'/></id>";

  @Test
  void takesIdentityFromTheXml(DataSource dataSource, WireProxy proxy) throws Exception {
    try (SessionFactory factory =
        open(
            dataSource,
            entity(Plain.class, IDENTITY) + entity(Sequenced.class, IDENTITY),
            Plain.class,
            Sequenced.class)) {
      var plain = new ArrayList<Plain>();
      var sequenced = new ArrayList<Sequenced>();
      factory.inTransaction(
          session -> {
            connect(session);
            ValuesIT.roundTrips(
                proxy,
                20,
                () -> {
                  for (int i = 0; i < 10; i++) {
                    var one = new Plain();
                    one.name = "a" + i;
                    session.persist(one);
                    plain.add(one);
                    var other = new Sequenced();
                    other.name = "b" + i;
                    session.persist(other);
                    sequenced.add(other);
                  }
                  session.flush();
                });
          });
      assertThat(plain.get(9).greeting).isEqualTo("Hello, a9!");
      assertThat(plain.get(9).createdAt).isPositive();
      assertThat(sequenced.get(9).greeting).isEqualTo("Hello, b9!");
    }
  }

  @Test
  void takesTheSequenceFromTheXml(DataSource dataSource, WireProxy proxy) throws Exception {
    try (SessionFactory factory =
        open(dataSource, entity(Counted.class, SEQUENCE), Counted.class)) {
      var counted = new ArrayList<Counted>();
      factory.inTransaction(
          session -> {
            connect(session);
            for (int i = 0; i < 200; i++) {
              var one = new Counted();
              one.name = "a" + i;
              session.persist(one);
              counted.add(one);
            }
            // the prefetch query and four batches
            ValuesIT.roundTrips(proxy, 5, session::flush);
          });
      assertThat(counted.get(199).greeting).isEqualTo("Hello, a199!");
    }
  }

  @Test
  void prefetchesValuesThatTheInsertCannotCompute(DataSource dataSource) {
    try (SessionFactory factory = open(dataSource, "", Large.class)) {
      var large = new Large();
      large.name = "Ada";
      factory.inTransaction(session -> session.persist(large));
      assertThat(large.greeting).isEqualTo("Hello, Ada!");
      factory.inTransaction(
          session ->
              assertThat(session.find(Large.class, large.id).greeting).isEqualTo("Hello, Ada!"));
    }
  }

  /** Attributes that the XML does not mention use their annotations. */
  @Test
  void fillsAttributesMappedInXml(DataSource dataSource) {
    String greeting = "<basic name='greeting'><column name='words' length='1000'/></basic>";
    try (SessionFactory factory =
        open(dataSource, entity(Bare.class, IDENTITY + greeting), Bare.class)) {
      var bare = new Bare();
      bare.name = "Ada";
      factory.inTransaction(session -> session.persist(bare));
      assertThat(bare.greeting).isEqualTo("Hello, Ada!");
      assertThat(bare.createdAt).isPositive();
      List<Object> rows =
          factory.fromTransaction(
              session ->
                  session
                      .createNativeQuery("select words from Bare", Object.class)
                      .getResultList());
      assertThat(rows).containsExactly("Hello, Ada!");
    }
  }

  private static String entity(Class<?> type, String attributes) {
    return "<entity class='%s' name='%s' access='FIELD'><attributes>%s</attributes></entity>"
        .formatted(type.getName(), type.getSimpleName(), attributes);
  }

  private static void connect(org.hibernate.Session session) {
    session.createSelectionQuery("select 1", Integer.class).getSingleResult();
  }

  private static SessionFactory open(DataSource dataSource, String xml, Class<?>... entities) {
    var configuration = new Configuration();
    configuration.getProperties().put("hibernate.connection.datasource", dataSource);
    configuration.getProperties().put("hibernate.hbm2ddl.auto", "create-drop");
    configuration.getProperties().put("hibernate.jdbc.batch_size", "50");
    configuration.getProperties().put("hibernate.transaction.jta.platform", NoJtaPlatform.INSTANCE);
    for (Class<?> entity : entities) {
      configuration.addAnnotatedClass(entity);
    }
    String whole =
        "<entity-mappings xmlns='https://jakarta.ee/xml/ns/persistence/orm' version='3.0'>"
            + xml
            + "</entity-mappings>";
    configuration.addInputStream(new ByteArrayInputStream(whole.getBytes(StandardCharsets.UTF_8)));
    return configuration.buildSessionFactory();
  }
}
