// SPDX-License-Identifier: MIT
package io.pghello.examples.kotlin

import io.pghello.hibernate.NowMillis
import io.pghello.hibernate.WelcomeMessage
import io.pghello.testkit.PgHelloTest
import jakarta.persistence.Entity
import jakarta.persistence.GeneratedValue
import jakarta.persistence.GenerationType.IDENTITY
import jakarta.persistence.Id
import javax.sql.DataSource
import org.assertj.core.api.Assertions.assertThat
import org.hibernate.SessionFactory
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test

/**
 * Shows to which element of a Kotlin property an annotation must apply, so that Hibernate reads it.
 */
@PgHelloTest
class UseSiteTargetsIT {
  @Entity
  data class WithoutTarget(
    var username: String,
    @WelcomeMessage(of = "username") var greeting: String? = null,
    @NowMillis var createdAt: Long = 0,
    @Id @GeneratedValue(strategy = IDENTITY) var id: Long? = null,
  )

  @Entity
  data class OnField(
    var username: String,
    @field:WelcomeMessage(of = "username") var greeting: String? = null,
    @field:NowMillis var createdAt: Long = 0,
    @field:Id @field:GeneratedValue var id: Long? = null,
  )

  @Entity
  data class OnGetter(
    var username: String,
    @get:WelcomeMessage(of = "username") var greeting: String? = null,
    @get:NowMillis var createdAt: Long = 0,
    @get:Id @get:GeneratedValue var id: Long? = null,
  )

  // region wrong
  @Entity
  data class Mixed(
    var username: String,
    @get:WelcomeMessage(of = "username") var greeting: String? = null, // wrong: stays null
    @field:Id @field:GeneratedValue var id: Long? = null,
  )

  // endregion

  private lateinit var factory: SessionFactory

  @BeforeEach
  fun open(dataSource: DataSource) {
    factory =
      Users.sessionFactory(
        dataSource,
        WithoutTarget::class.java,
        OnField::class.java,
        OnGetter::class.java,
        Mixed::class.java,
      )
  }

  @AfterEach fun close() = factory.close()

  private fun <T : Any> saved(entity: T): T =
    entity.also { factory.inTransaction { it.persist(entity) } }

  @Test
  fun isOnTheFieldByDefault() {
    assertThat(WithoutTarget::class.java.getDeclaredField("greeting").annotations)
      .hasAtLeastOneElementOfType(WelcomeMessage::class.java)
    val ada = saved(WithoutTarget("Ada"))
    assertThat(ada.greeting).isEqualTo("Hello, Ada!")
    assertThat(ada.createdAt).isPositive()
  }

  @Test
  fun canBeOnTheField() {
    val ada = saved(OnField("Ada"))
    assertThat(ada.greeting).isEqualTo("Hello, Ada!")
    assertThat(ada.createdAt).isPositive()
  }

  @Test
  fun canBeOnTheGetterIfAllAre() {
    val ada = saved(OnGetter("Ada"))
    assertThat(ada.greeting).isEqualTo("Hello, Ada!")
    assertThat(ada.createdAt).isPositive()
  }

  @Test
  fun isIgnoredOnTheGetterIfTheIdentifierIsOnTheField() {
    assertThat(saved(Mixed("Ada")).greeting).isNull()
  }

  /**
   * A computed property in the constructor is copied with the object, and then counts as set by the
   * application.
   */
  @Test
  fun isCopiedIfItIsInTheConstructor() {
    val ada = saved(OnField("Ada"))
    val eve = saved(ada.copy(username = "Eve", id = null))
    assertThat(eve.greeting).isEqualTo("Hello, Ada!")
    val right = saved(ada.copy(username = "Eve", greeting = null, createdAt = 0, id = null))
    assertThat(right.greeting).isEqualTo("Hello, Eve!")
  }
}
