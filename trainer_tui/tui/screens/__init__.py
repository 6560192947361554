"""The screens: Watch, Diary, and the small ones that ask or show one thing."""
