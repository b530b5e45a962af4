// SPDX-License-Identifier: MIT
package com.example;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.pghello.extension.testkit.ExtensionTest;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import javax.sql.DataSource;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.AvailableSettings;
import org.hibernate.cfg.Configuration;
import org.hibernate.query.criteria.HibernateCriteriaBuilder;
import org.junit.jupiter.api.Test;

@ExtensionTest(extensions = "pg_trgm")
class PeopleIT {
  @Entity(name = "Person")
  static class Person {
    @Id private String name;

    protected Person() {}

    Person(String name) {
      this.name = name;
    }
  }

  @Test
  void findsTheMostSimilarName(DataSource dataSource) {
    try (SessionFactory factory = factory(dataSource)) {
      factory.inTransaction(session -> session.persist(new Person("Ada")));
      factory.inTransaction(session -> session.persist(new Person("Grace")));
      assertEquals("Ada", factory.fromSession(PeopleIT::inHql));
      assertEquals("Ada", factory.fromSession(PeopleIT::inCriteria));
    }
  }

  static String inHql(Session session) {
    return session
        .createSelectionQuery(
            "select name from Person order by similarity(name, :word) desc limit 1", String.class)
        .setParameter("word", "Adam")
        .getSingleResult();
  }

  static String inCriteria(Session session) {
    HibernateCriteriaBuilder builder = session.getCriteriaBuilder();
    var query = builder.createQuery(String.class);
    var name = query.from(Person.class).<String>get("name");
    var similarity = builder.function("similarity", Float.class, name, builder.literal("Adam"));
    query.select(name).orderBy(builder.desc(similarity));
    return session.createSelectionQuery(query).setMaxResults(1).getSingleResult();
  }

  static SessionFactory factory(DataSource dataSource) {
    var configuration = new Configuration().addAnnotatedClass(Person.class);
    configuration.getProperties().put(AvailableSettings.JAKARTA_NON_JTA_DATASOURCE, dataSource);
    configuration.setProperty(AvailableSettings.HBM2DDL_AUTO, "create");
    return configuration.buildSessionFactory();
  }
}
