/* test_relations.c - which fields belong together and where a relation is stored. */
#include "unit/schema/model.h"

static void the_two_types_of_the_design(void)
{
    model m;

    if (model_good(&m,
                   "enum Role { ADMIN EDITOR READER }\n"
                   "type User { id: ID! @id email: String! @unique name: String! @index\n"
                   "  age: Int @index role: Role! @default(value: \"READER\")\n"
                   "  createdAt: DateTime! @index posts: [Post!]! }\n"
                   "type Post { id: ID! @id title: String! body: String\n"
                   "  published: Boolean! @default(value: \"false\") score: Float @index\n"
                   "  views: Int! @default(value: \"0\") createdAt: DateTime! author: User! }")) {
        model_is(&m, "User",
                 "User user/users key=0\n"
                 "  id ID! ID!\n  email String! String!\n  name String! String!\n"
                 "  age Int Int\n  role Role! Enum!\n  createdAt DateTime! DateTime!\n"
                 "  -> posts inverse-many Post.author index 2\n"
                 "  #1 email unique (email)\n  #2 name (name)\n  #3 age (age)\n"
                 "  #4 createdAt (createdAt)\n");
        model_is(&m, "Post",
                 "Post post/posts key=0\n"
                 "  id ID! ID!\n  title String! String!\n  body String String\n"
                 "  published Boolean! Boolean!\n  score Float Float\n  views Int! Int!\n"
                 "  createdAt DateTime! DateTime!\n  authorId ID! ID! implicit\n"
                 "  -> author key User.posts index 2\n"
                 "  #1 score (score)\n  #2 authorId (authorId)\n");
        const sgc_table *user = model_table(&m, "User");
        CU_ASSERT_EQUAL(user->fields[0].default_kind, SGC_DEFAULT_UUIDV7);
        UNIT_STR(user->fields[4].default_value, "READER");
        CU_ASSERT_EQUAL(model_table(&m, "Post")->fields[7].relation, 0);
        CU_ASSERT_EQUAL(m.built.note_count, 0);
        CU_ASSERT_EQUAL(m.schema->resolver_count, 0);
    }
    model_free(&m);
}

static void all_ways_to_store(void)
{
    model m;

    if (model_good(&m, "type A { id: Int! one: B list: [C] links: [D!] self: [A!]! parent: E }\n"
                       "type B { id: ID! back: A! }\ntype C { id: UUID! }\n"
                       "type D { id: String! as: [A] }\n"
                       "type E { id: BigInt! up: E downs: [E!] }")) {
        model_is(&m, "A",
                 "A a/as key=0\n  id Int! Int!\n  listIds [UUID!]! list of UUID! implicit\n"
                 "  selfIds [Int!]! list of Int! implicit\n  parentId BigInt BigInt implicit\n"
                 "  -> one inverse-one B.back index 1\n  -> list list C index 1\n"
                 "  -> links link D.as index 0\n  -> self list A index 2\n"
                 "  -> parent key E index 3\n  #1 listIds elements (listIds)\n"
                 "  #2 selfIds elements (selfIds)\n  #3 parentId (parentId)\n");
        model_is(&m, "B",
                 "B b/bs key=0\n  id ID! ID!\n  backId Int! Int! implicit\n"
                 "  -> back key A.one index 1\n  #1 backId unique (backId)\n");
        model_is(&m, "D", "D d/ds key=0\n  id String! String!\n  -> as link A.links index 1\n");
        model_is(&m, "E",
                 "E e/es key=0\n  id BigInt! BigInt!\n  upId BigInt BigInt implicit\n"
                 "  -> up key E.downs index 1\n  -> downs inverse-many E.up index 1\n"
                 "  #1 upId (upId)\n");
        model_is(&m, "A.links",
                 "A.links A.links/A.links key=-1\n  aId Int! Int! implicit\n"
                 "  dId String! String! implicit\n  #1 dId (dId)\n");
        const sgc_relation *left = &model_table(&m, "A")->relations[2];
        const sgc_relation *right = &model_table(&m, "D")->relations[0];
        CU_ASSERT_TRUE(left->link == right->link && left->link_field == 1 &&
                       right->link_field == 0);
        CU_ASSERT_TRUE(m.schema->tables[left->link].link && left->non_null && left->to_many);
    }
    model_free(&m);
}

static void declared_storage_is_used(void)
{
    model m;

    if (model_good(&m,
                   "type Post { author: User! authorId: ID! id: ID! friends: [User!]\n"
                   "  friendIds: [ID!]! @index(name: \"byFriend\") }\n"
                   "type User { id: ID! twin: Twin twinId: ID } type Twin { id: ID! user: User! }"))
        model_is(&m, "Post",
                 "Post post/posts key=1\n  authorId ID! ID!\n  id ID! ID!\n"
                 "  friendIds [ID!]! list of ID!\n  -> author key User index 2\n"
                 "  -> friends list User index 1\n  #1 byFriend elements (friendIds)\n"
                 "  #2 authorId (authorId)\n");
    /* Declared storage decides for a side though the other one is not nullable. */
    CU_ASSERT_EQUAL(model_table(&m, "User")->relations[0].kind, SGC_RELATION_KEY);
    CU_ASSERT_EQUAL(model_table(&m, "Twin")->relations[0].kind, SGC_RELATION_INVERSE_ONE);
    model_free(&m);
    model_bad("type A { id: ID! b: B! bId: String! }\ntype B { id: ID! }",
              "1:24 A.bId stores the relation b, so its type must be ID!\n");
    model_bad("type A { id: ID! b: B bId: ID! }\ntype B { id: ID! }",
              "1:23 A.bId stores the relation b, so its type must be ID\n");
    model_bad("type A { id: ID! bs: [B] bIds: [ID] }\ntype B { id: ID! }",
              "1:26 A.bIds stores the relation bs, so its type must be [ID!]!\n");
    model_bad("type A { id: ID! b: B bId(x: Int): ID }\ntype B { id: ID! }",
              "1:23 A.bId stores the relation b, so its type must be ID\n");
    model_bad("type A { id: ID! bs: [B] bIds: [ID!]! }\ntype B { id: ID! a: A }",
              "1:26 A.bIds would store bs, but that is the inverse of B.a and stored there: remove "
              "one of the two\n");
    model_bad("type A { id: ID! bs: [B] bIds: [ID!]! }\ntype B { id: ID! as: [A] }",
              "1:26 A.bIds cannot store bs: two opposite lists are kept in a link table\n");
    model_bad("type A { id: ID! matrices: [B] matrixes: [B] }\ntype B { id: ID! }",
              "1:32 two relations of A would be stored as matrixIds: rename one of them\n");
}

static void ambiguity_is_an_error(void)
{
    model_bad(
        "type User { id: ID! posts: [Post] }\n"
        "type Post { id: ID! author: User editor: User }",
        "1:21 User.posts and Post.author, Post.editor could belong together in more than one "
        "way: say which with @relation(field: \"...\"), which names the field of the opposite "
        "type\n");
    model_bad("type T { id: ID! up: T left: T downs: [T] }",
              "1:18 T.up, T.left, T.downs could belong together in more than one way: say which "
              "with @relation(field: \"...\"), which names the field of the opposite type\n");
}

static void explicit_inverses(void)
{
    model m;

    if (model_good(&m,
                   "type User { id: ID! posts: [Post] @relation(field: \"author\") edited: [Post] "
                   "friends: [User] @relation(field: \"friendOf\") friendOf: [User] }\n"
                   "type Post { id: ID! author: User editor: User @relation(field: \"edited\", "
                   "onDelete: SET_NULL) }")) {
        model_is(
            &m, "User",
            "User user/users key=0\n  id ID! ID!\n  -> posts inverse-many Post.author index 1\n"
            "  -> edited inverse-many Post.editor index 2\n"
            "  -> friends link User.friendOf index 0\n"
            "  -> friendOf link User.friends index 1\n");
        CU_ASSERT_EQUAL(model_table(&m, "Post")->relations[1].on_delete, SGC_ON_DELETE_SET_NULL);
        UNIT_STR(model_table(&m, "User.friends")->fields[0].name, "leftId");
    }
    model_free(&m);
    model_bad("type A { id: ID! b: B @relation(field: \"x\") }\ntype B { id: ID! }",
              "1:23 B has no field x\n");
    model_bad("type A { id: ID! b: B @relation(field: \"id\") }\ntype B { id: ID! }",
              "1:23 B.id is not the other side of A.b\n");
    model_bad("type A { id: ID! a: A @relation(field: \"a\") }",
              "1:23 A.a is not the other side of A.a\n");
    model_bad("type A { id: ID! b: B @relation(field: \"a\") c: B @relation(field: \"a\") }\n"
              "type B { id: ID! a: A }",
              "1:50 B.a is already the other side of another relation\n");
    model_bad("type A { id: ID! b: B! @relation(onDelete: SET_NULL) }\ntype B { id: ID! }",
              "1:24 onDelete: SET_NULL cannot work: b is not nullable\n");
    model_bad("type A { id: ID! bs: [B] @relation(onDelete: CASCADE) }\ntype B { id: ID! a: A }",
              "1:26 onDelete belongs on B.a, which stores the relation\n");
    model_bad(
        "type A { id: ID! bs: [B] @relation(through: \"L\") }\ntype B { id: ID! }",
        "1:26 @relation(through:) is not supported yet: two opposite lists share a hidden link "
        "table\n");
    model_bad("type A { id: ID! bs: [B] @relation(onDelete: CASCADE) }\ntype B { id: ID! as: [A] }",
              "1:26 onDelete means nothing here: a link dies with either of its ends\n");
}

static void to_ones_of_one_type_stand_alone(void)
{
    model m;

    if (model_good(&m, "type R { id: ID! parent: R template: R }"))
        model_is(&m, "R",
                 "R r/rs key=0\n  id ID! ID!\n  parentId ID ID implicit\n"
                 "  templateId ID ID implicit\n  -> parent key R index 1\n"
                 "  -> template key R index 2\n  #1 parentId (parentId)\n"
                 "  #2 templateId (templateId)\n");
    model_free(&m);
}

static void opposite_to_ones(void)
{
    model m;

    if (model_good(&m,
                   "type A { id: ID! b: B } type B { id: ID! a: A! } type C { id: ID! d: D }\n"
                   "type D { id: ID! c: C } type E { id: ID! f: F! } type F { id: ID! e: E! }")) {
        CU_ASSERT_EQUAL(model_table(&m, "A")->relations[0].kind, SGC_RELATION_INVERSE_ONE);
        CU_ASSERT_EQUAL(model_table(&m, "B")->relations[0].kind, SGC_RELATION_KEY);
        CU_ASSERT_EQUAL(model_table(&m, "C")->relations[0].kind, SGC_RELATION_KEY);
        CU_ASSERT_EQUAL(model_table(&m, "E")->relations[0].kind, SGC_RELATION_KEY);
        CU_ASSERT_TRUE(model_table(&m, "E")->indexes[1].unique);
    }
    model_free(&m);
}

static void interfaces_and_unions(void)
{
    model m;

    if (model_good(&m,
                   "interface Named { name: String } union Any = A | B\n"
                   "type A implements Named { id: ID! name: String }\n"
                   "type B implements Named { id: UUID! name: String on: Named! many: [Any!] }")) {
        model_is(&m, "B",
                 "B b/bs key=0\n  id UUID! UUID!\n  name String String\n  onId ID! ID! implicit\n"
                 "  onType String! String! implicit\n  manyIds [ID!]! list of ID! implicit\n"
                 "  manyTypes [String!]! list of String! implicit\n  -> on key Named index 1\n"
                 "  -> many list Any index 2\n  #1 onType_onId (onType onId)\n"
                 "  #2 manyIds elements (manyIds)\n");
        CU_ASSERT_EQUAL(m.schema->abstract_count, 2);
        CU_ASSERT_TRUE(m.schema->abstracts[1].is_union && m.schema->abstracts[1].table_count == 2);
        CU_ASSERT_EQUAL(model_table(&m, "A")->interface_count, 2);
        CU_ASSERT_EQUAL(model_table(&m, "B")->relations[0].type_field, 3);
    }
    model_free(&m);
    model_bad("union U = A | B type A { id: Int! } type B { id: ID! u: U }",
              "1:54 u cannot be stored: the members of U have keys of different types\n");
    model_bad("union U = A type A { id: ID! u: U @relation(field: \"x\") }",
              "1:35 @relation(field:) needs a table, and U is an interface or union\n");
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"the two types of the design", the_two_types_of_the_design},
        {"all ways to store", all_ways_to_store},
        {"declared storage is used", declared_storage_is_used},
        {"ambiguity is an error", ambiguity_is_an_error},
        {"explicit inverses", explicit_inverses},
        {"to-ones of one type stand alone", to_ones_of_one_type_stand_alone},
        {"opposite to-ones", opposite_to_ones},
        {"interfaces and unions", interfaces_and_unions},
        CU_TEST_INFO_NULL,
    };
    return unit_run("schema.relations", tests);
}
