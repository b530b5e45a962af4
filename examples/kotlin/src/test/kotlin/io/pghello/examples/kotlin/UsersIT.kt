// SPDX-License-Identifier: MIT
package io.pghello.examples.kotlin

import io.pghello.extension.testkit.WireProxy
import io.pghello.testkit.PgHelloTest
import javax.sql.DataSource
import org.assertj.core.api.Assertions.assertThat
import org.hibernate.SessionFactory
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test

/** Tests an entity that is a data class. */
@PgHelloTest
class UsersIT {
  private lateinit var factory: SessionFactory
  private lateinit var users: Users

  @BeforeEach
  fun open(dataSource: DataSource) {
    factory = Users.sessionFactory(dataSource, User::class.java)
    users = Users(factory)
  }

  @AfterEach fun close() = factory.close()

  @Test
  suspend fun fillsWhatItSaves() {
    val ada = User("Ada", "ada@example.com")
    users.save(listOf(ada))
    assertThat(ada.greeting).isEqualTo("Hello, Ada!")
    assertThat(ada.createdAt).isPositive()
    assertThat(loaded(ada).greeting).isEqualTo("Hello, Ada!")
    assertThat(loaded(ada).createdAt).isEqualTo(ada.createdAt)
  }

  @Test
  suspend fun savesManyInAsManyRoundTripsAsOne(proxy: WireProxy) {
    users.save(listOf(User("first", "takes a block"), User("second", "takes another")))
    val one = proxy.countRoundTrips { factory.inTransaction { it.persist(User("one", "")) } }
    val many = List(40) { User("user$it", "") }
    val several = proxy.countRoundTrips { factory.inTransaction { many.forEach(it::persist) } }
    assertThat(many).allSatisfy { assertThat(it.greeting).isEqualTo("Hello, ${it.username}!") }
    assertThat(several).isEqualTo(one)
  }

  @Test
  suspend fun greetsWithinTheQuery() {
    users.save(listOf(User("Ada", ""), User("Bob", "")))
    assertThat(users.greetings(2))
      .containsExactly("Hello, Ada! Hello, Ada!", "Hello, Bob! Hello, Bob!")
  }

  @Test
  suspend fun greetsACopyByItsOwnName() {
    val ada = User("Ada", "ada@example.com")
    users.save(listOf(ada))
    // region copy
    val eve = ada.copy(username = "Eve") // without identifier, greeting and time
    users.save(listOf(eve))
    // endregion
    assertThat(eve.greeting).isEqualTo("Hello, Eve!")
    assertThat(eve.id).isNotEqualTo(ada.id)
  }

  @Test
  suspend fun keepsItsHashCodeWhenItIsSaved() {
    val ada = User("Ada", "ada@example.com")
    val set = hashSetOf(ada)
    users.save(listOf(ada))
    assertThat(ada in set).isTrue()
    assertThat(loaded(ada)).isEqualTo(ada)
  }

  @Test
  suspend fun isLoadedLazily() {
    val ada = User("Ada", "ada@example.com")
    users.save(listOf(ada))
    factory.inSession { session ->
      val reference = session.getReference(User::class.java, ada.id)
      assertThat(session.statistics.entityCount).isZero()
      assertThat(reference.greeting).isEqualTo("Hello, Ada!")
    }
  }

  private fun loaded(user: User): User =
    factory.fromSession { session -> session.find(User::class.java, user.id) }
}
